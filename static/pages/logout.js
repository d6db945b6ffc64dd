import { forget, unsent } from '../outbox/storage.js';

/** Set once this page is about to log out: the end of its session is no news then. */
export let leaving = false;

/** Logging out leaves nothing of what was written on this machine. */
for (const form of document.querySelectorAll('form[action="/logout"]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const count = await unsent();
    // Imported above, it would delay the listener, and a hurried click log out without all this.
    if (count && !confirm((await import('../core/text.js')).t('logout.unsent', { count }))) return;
    leaving = true;
    await forget();
    form.submit();
  });
}
