import { api } from './api.js';
import { $ } from './dom.js';
import { forget } from './store.js';

/** Sends what a form holds when it is submitted, and tells in the form what became of it. */
function onSubmit(form, send) {
  const said = form.querySelector('.said');
  const button = form.querySelector('[type=submit]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      tell(said, await send(Object.fromEntries(new FormData(form))), 'done');
    } catch (error) {
      tell(said, error.message, 'error');
    } finally {
      button.disabled = false;
    }
  });
}

function tell(said, text, kind) {
  said.textContent = text;
  said.className = `said ${kind}`;
  said.hidden = false;
}

onSubmit($('#profile'), async (profile) => {
  await api('PATCH', '/me', profile);
  return 'Saved.';
});

const password = $('#password');
onSubmit(password, async ({ old, new: next }) => {
  await api('POST', '/me/password', { old, new: next });
  password.reset();
  return 'The password is set.';
});

const name = $('#confirm-name');
name.addEventListener('input', () => {
  const same = name.value.toLowerCase() === name.dataset.username.toLowerCase();
  name.setCustomValidity(same ? '' : 'Type your username.');
});
onSubmit($('#delete'), async ({ password: typed, messages }) => {
  await api('DELETE', '/me', { password: typed, messages });
  await forget();
  location.assign('/');
  return 'Your account is deleted.';
});
