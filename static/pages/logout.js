import { startLogout } from '../net/login.js';
import { forget, unsent } from '../outbox/storage.js';

/** Logging out leaves nothing of what was written on this machine. */
for (const form of document.querySelectorAll('form')) {
	if (form.getAttribute('action') !== '/logout') continue;
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		const count = await unsent();
		// Imported above, it would delay the listener, and a hurried click log out without all this.
		if (count && !confirm((await import('../core/text.js')).t('logout.unsent', { count }))) return;
		startLogout();
		await forget();
		form.submit();
	});
}
