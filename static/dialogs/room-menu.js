import { el } from '../core/dom.js';
import { t } from '../core/text.js';
import { api, textOf } from '../net/api.js';
import { confirm } from './confirm.js';
import { choice, field, formDialog } from './form-dialog.js';
import { menu } from './menu.js';
import { peopleFinder } from './people-finder.js';

const LEVELS = ['all', 'mentions', 'none'];

// As a field for dates has it, by the reader's own calendar.
const today = () => new Date().toLocaleDateString('sv');

/**
 * @param {'title' | 'topic'} name
 * @param {string} value
 */
const textInput = (name, value) =>
	el('input', { name, maxlength: name === 'title' ? '100' : '500', autocomplete: 'off', dir: 'auto', value });

/**
 * What can be done with the open room; what the reader may not do is left out.
 * @param {HTMLElement} button
 * @param {import('./openers.js').Context} context
 */
export async function open(button, { rooms, room, me, say }) {
	const listed = room && rooms.get(room.slug);
	if (!listed) return;
	const { permissions, archived } = room;
	const name = listed.title || listed.slug;
	const path = `/rooms/${encodeURIComponent(listed.slug)}`;
	// Whoever became a member by entering may do what members do.
	const entered = listed.member && listed.kind === 'public';
	const [mark, leave] = [permissions.mark || entered, permissions.leave || entered];
	const change = async (
		/** @type {'PATCH' | 'PUT'} */ method,
		/** @type {string} */ to,
		/** @type {object} */ given,
	) => {
		await api(method, to, given);
		await rooms.refresh();
	};
	const notify = (/** @type {string} */ level) => change('PUT', `${path}/notify`, { notify: level });
	const item = (/** @type {boolean} */ when, /** @type {string} */ key, /** @type {() => unknown} */ act) => {
		const attempt = async () => {
			try {
				await act();
			} catch (error) {
				say(textOf(error));
			}
		};
		return when ? [{ label: t(key), act: attempt }] : [];
	};

	const askDay = () => {
		const input = el('input', { type: 'date', name: 'day', required: true, max: today() });
		return formDialog(t('room.day-title'), t('room.day-go'), [field(t('room.day-date'), input)], async ({ day }) => {
			room.toDay(new Date(`${day}T00:00`));
		});
	};
	const askNotify = () => {
		const title = t('room.notices-title', { room: name });
		/** @type {[string, string][]} */
		const levels = LEVELS.map((level) => [level, t(`room.notices-${level}`)]);
		const content = [choice('notify', title, levels, listed.notify)];
		return formDialog(title, t('room.save'), content, (given) => notify(given.notify));
	};
	const add = () => {
		const { content, users } = peopleFinder(me);
		return formDialog(t('room.add-title', { room: name }), t('room.add-done'), content, async () => {
			for (const { username } of users()) await api('PUT', `${path}/members/${encodeURIComponent(username)}`);
			room.added(users());
		});
	};
	const describe = async () => {
		/** @type {Wire.Room} */
		const { title, topic } = await api('GET', path);
		const content = [
			field(t('room.name'), textInput('title', title)),
			field(t('room.topic'), textInput('topic', topic)),
		];
		return formDialog(t('room.change-title'), t('room.save'), content, (given) => change('PATCH', path, given));
	};
	const archive = async () => {
		if (!archived && !(await confirm(t('room.archive-ask', { room: name }), t('room.archive-do')))) return;
		await api('PATCH', path, { archived: !archived });
		location.reload();
	};
	const leaveRoom = async () => {
		if (!(await confirm(t('room.leave-ask', { room: name }), t('room.leave-do')))) return;
		await api('DELETE', `${path}/members/me`);
		location.assign('/rooms');
	};

	const isMuted = listed.notify === 'none';
	await menu(button, t('room.menu'), [
		...item(true, 'room.day', askDay),
		...item(mark, isMuted ? 'room.unmute' : 'room.mute', () => notify(isMuted ? 'mentions' : 'none')),
		...item(mark, 'room.notices', askNotify),
		...item(permissions.invite, 'room.invite', async () => (await import('./invite.js')).open(listed.slug, name)),
		...item(permissions.admit, 'room.add', add),
		...item(permissions.describe, 'room.change', describe),
		...item(permissions.archive, archived ? 'room.unarchive' : 'room.archive', archive),
		...item(true, 'room.settings', () => location.assign(`${path}/settings`)),
		...item(leave, 'room.leave', leaveRoom),
	]);
}
