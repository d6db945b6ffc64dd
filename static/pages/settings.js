import { api } from '../net/api.js';
import { $ } from '../core/dom.js';
import { WANTED, wanted } from './notifications.js';
import { chime } from '../core/sound.js';
import { forget } from '../outbox/storage.js';
import { t } from '../core/text.js';

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
  return t('settings.saved');
});

const notices = $('#notices');
for (const name in WANTED) notices.querySelector(`[name=${name}]`).checked = wanted(name);
notices.addEventListener('change', async ({ target: box }) => {
  const said = notices.nextElementSibling;
  said.hidden = true;
  if (box.name === 'notices' && box.checked && (!window.isSecureContext || await Notification.requestPermission() !== 'granted')) {
    box.checked = false;
    tell(said, t(window.isSecureContext ? 'notices.denied' : 'notices.secure'), 'error');
  }
  if (box.name === 'sound' && box.checked) chime();
  localStorage.setItem(WANTED[box.name], box.checked ? 'on' : 'off');
});

const password = $('#password');
onSubmit(password, async ({ old, new: next }) => {
  await api('POST', '/me/password', { old, new: next });
  password.reset();
  return t('settings.password-set');
});

const name = $('#confirm-name');
name.addEventListener('input', () => {
  const same = name.value.toLowerCase() === name.dataset.username.toLowerCase();
  name.setCustomValidity(same ? '' : t('settings.delete-name'));
});
onSubmit($('#delete'), async ({ password: typed, messages }) => {
  await api('DELETE', '/me', { password: typed, messages });
  await forget();
  location.assign('/');
  return t('settings.deleted');
});
