import { el, style } from '../core/dom.js';
import { t } from '../core/text.js';
import { api, textOf } from '../net/api.js';
import { nameOf } from '../people/avatars.js';

const TIMES = [10, 60, 24 * 60, 7 * 24 * 60, null]; // minutes; null: for ever

/**
 * Mutes or bans somebody in a room: asks for how long, and why.
 * @param {'mute' | 'ban'} kind
 * @param {Wire.User} user
 * @param {string} room
 * @param {(text: string, isDone?: boolean) => void} say
 */
export async function openSanction(kind, user, room, say) {
	await Promise.all([style('fields.css'), style('popups.css')]);
	const name = nameOf(user);
	const times = TIMES.map((minutes) => el('option', { value: minutes ?? '' }, t(`sanction.${minutes ?? 'ever'}`)));
	const cancel = el('button', { class: 'button quiet', type: 'button' }, t('cancel')); // Enter is not for the first button
	const form = el(
		'form',
		{ method: 'dialog' },
		el('h2', { id: 'sanction-title' }, t(`sanction.${kind}`, { name })),
		el('p', { class: 'soft' }, t(`sanction.${kind}-rule`)),
		el('label', { for: 'sanction-time' }, t('sanction.time')),
		el('select', { id: 'sanction-time', name: 'minutes' }, ...times),
		el('label', { for: 'sanction-reason' }, t('sanction.reason')),
		el('input', { id: 'sanction-reason', name: 'reason', maxlength: '500', dir: 'auto' }),
		el(
			'div',
			{ class: 'actions' },
			cancel,
			el('button', { class: 'button danger', value: 'yes' }, t(`sanction.${kind}-do`)),
		),
	);
	const dialog = el('dialog', { class: 'ask', 'aria-labelledby': 'sanction-title' }, form);
	cancel.addEventListener('click', () => dialog.close());
	dialog.addEventListener('close', async () => {
		dialog.remove();
		if (dialog.returnValue !== 'yes') return;
		const { minutes, reason } = Object.fromEntries(new FormData(form));
		const given = { ...(minutes && { minutes: Number(minutes) }), ...(reason && { reason }) };
		try {
			await api('PUT', `/rooms/${room}/${kind}s/${user.username}`, given);
			say(t(`sanction.${kind}-done`, { name }), true);
		} catch (error) {
			say(textOf(error));
		}
	});
	document.body.append(dialog);
	dialog.showModal();
}
