import { $, part } from '../core/dom.js';
import { isWanted, SETTINGS, want } from '../core/notification-settings.js';
import { chime } from '../core/sound.js';
import { t } from '../core/text.js';
import { api, textOf } from '../net/api.js';
import { forget } from '../outbox/forget.js';

/** @param {string} selector */
const form = (selector) => $(selector, document, HTMLFormElement);

/**
 * Sends what a form holds when it is submitted, and tells in the form what became of it.
 * @param {HTMLFormElement} from
 * @param {(values: Record<string, FormDataEntryValue>) => Promise<string>} send
 */
function onSubmit(from, send) {
	const status = $('.said', from);
	const button = $('[type=submit]', from, HTMLButtonElement);
	from.addEventListener('submit', async (event) => {
		event.preventDefault();
		button.disabled = true;
		try {
			tell(status, await send(Object.fromEntries(new FormData(from))), 'done');
		} catch (error) {
			tell(status, textOf(error), 'error');
		} finally {
			button.disabled = false;
		}
	});
}

/**
 * @param {HTMLElement} status
 * @param {string} text
 * @param {'done' | 'error'} kind
 */
function tell(status, text, kind) {
	status.textContent = text;
	status.className = `said ${kind}`;
	status.hidden = false;
}

onSubmit(form('#profile'), async (profile) => {
	await api('PATCH', '/me', profile);
	return t('settings.saved');
});

const notifications = $('#notices');
const status = part('notifications-status', document);
for (const setting of SETTINGS) {
	const box = $(`[name=${setting}]`, notifications, HTMLInputElement);
	box.checked = isWanted(setting);
	box.addEventListener('change', async () => {
		status.hidden = true;
		if (setting === 'notices' && box.checked && !(await mayNotify())) {
			box.checked = false;
			tell(status, t(window.isSecureContext ? 'notices.denied' : 'notices.secure'), 'error');
		}
		if (setting === 'sound' && box.checked) chime();
		want(setting, box.checked);
	});
}

async function mayNotify() {
	return window.isSecureContext && (await Notification.requestPermission()) === 'granted';
}

const password = form('#password');
onSubmit(password, async ({ old, new: next }) => {
	await api('POST', '/me/password', { old, new: next });
	password.reset();
	return t('settings.password-set');
});

const name = $('#confirm-name', document, HTMLInputElement);
name.addEventListener('input', () => {
	const same = name.value.toLowerCase() === name.dataset.username?.toLowerCase();
	name.setCustomValidity(same ? '' : t('settings.delete-name'));
});
onSubmit(form('#delete'), async ({ password: typed, messages }) => {
	await api('DELETE', '/me', { password: typed, messages });
	await forget();
	location.assign('/');
	return t('settings.deleted');
});
