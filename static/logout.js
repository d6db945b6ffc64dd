import { forget, unsent } from './store.js';

/** Set once this page is about to log out: the end of its session is no news then. */
export let leaving = false;

/** Logging out leaves nothing of what was written on this machine. */
for (const form of document.querySelectorAll('form[action="/logout"]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const count = await unsent();
    if (count && !confirm(`${count === 1 ? 'A message has' : `${count} messages have`} not been sent. Log out and discard ${count === 1 ? 'it' : 'them'}?`)) return;
    leaving = true;
    await forget();
    form.submit();
  });
}
