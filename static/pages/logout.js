import { onSessionEnd, startLogout } from '../net/login.js';

/** The end of a session, in whatever way, leaves nothing of what was written on this machine. */
onSessionEnd(async () => (await import('../outbox/forget.js')).forget());

/** @type {NodeListOf<HTMLFormElement>} */
const forms = document.querySelectorAll('form[action="/logout"]');
for (const form of forms) {
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		const { forget, unsent } = await import('../outbox/forget.js');
		const count = await unsent();
		// Imported above, it would delay the listener, and a hurried click log out without all this.
		if (count && !confirm((await import('../core/text.js')).t('logout.unsent', { count }))) return;
		startLogout();
		await forget();
		form.submit();
	});
}
