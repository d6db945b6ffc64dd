import { $, el, style } from '../core/dom.js';
import { momentTime } from '../core/moment.js';
import { locale, t } from '../core/text.js';
import { api, textOf } from '../net/api.js';
import { face, nameOf } from '../people/avatars.js';
import { learn, settable, shownOf } from '../people/names.js';
import { isKnown, showState, stateOf } from '../people/states.js';
import { place } from './menu.js';

/**
 * Who somebody is, beside their name. Escape and a click elsewhere close it; the focus goes back.
 * @param {Element} near
 * @param {string} username
 * @param {import('./openers.js').Context} context
 */
export async function open(near, username, { me, administers, room, say }) {
	const name = encodeURIComponent(username);
	/** @type {Promise<Wire.Profile>} */
	const profile = api('GET', `/users/${name}`);
	const [user] = await Promise.all([profile, style('fields.css'), style('dialogs.css'), style('popups.css')]);
	const before = document.activeElement;
	const isOther = user.id !== me.id;
	const talk = el('button', { type: 'button', class: 'button' }, t('card.message'));
	const link = (/** @type {string} */ href, /** @type {string} */ key) =>
		el('a', { class: 'button quiet', href }, t(key));
	const set = (/** @type {string} */ extra) => {
		const button = el('button', { type: 'button', class: 'button', 'data-open': extra }, t(`${extra}.set`));
		button.addEventListener('click', () => box.hidePopover());
		return button;
	};
	const actions = el(
		'div',
		{ class: 'actions' },
		isOther ? talk : null,
		...(isOther ? [] : settable.map(set)),
		link(`/people/${encodeURIComponent(user.username)}`, 'card.profile'),
		isOther && room?.permissions.moderate ? link(`/rooms/${room.slug}/settings#members`, 'card.settings') : null,
		isOther && administers ? link('/moderation', 'card.admin') : null,
	);
	const role = user.role === 'member' ? '' : ` · ${t(`role.${user.role}`)}`;
	learn([user]);
	const called = el('b', { dir: 'auto' }, nameOf(user));
	const extras = shownOf(user.id).map(({ sign, text, until }) => {
		const end = until && el('small', { class: 'soft' }, t('extras.until', { time: momentTime(new Date(until)) }));
		return el('p', { class: 'extra' }, el('span', {}, sign), el('span', { dir: 'auto' }, text), end);
	});
	const state = isKnown(user.id) ? ` · ${t(`state.${stateOf(user.id)}`)}` : '';
	const names = el('div', {}, called, el('small', { class: 'soft' }, `@${user.username}${role}${state}`));
	const time = user.time_zone && t('card.local-time', { time: timeIn(user.time_zone) });
	const alike = (user.looks_like ?? []).map((other) =>
		el(
			'a',
			{ href: `/people/${encodeURIComponent(other.username)}` },
			el('bdi', {}, nameOf(other)),
			` @${other.username} `,
		),
	);
	const label = t('card.title', { name: nameOf(user) });
	const box = el(
		'div',
		{ class: 'pop card', popover: 'auto', role: 'dialog', 'aria-label': label, tabindex: '-1' },
		withState(el('header', {}, face(user), names), user.id),
		...extras,
		user.about ? el('p', { dir: 'auto' }, user.about) : null,
		time ? el('p', { class: 'soft' }, time) : null,
		alike.length > 0 ? el('p', { class: 'soft' }, t('person.looks-like'), ' ', ...alike) : null,
		actions,
	);
	talk.addEventListener('click', async () => {
		try {
			const { openDirect } = await import('./new-direct.js');
			await openDirect([user.username]);
		} catch (error) {
			box.hidePopover();
			say(textOf(error));
		}
	});
	box.addEventListener('toggle', ({ newState }) => {
		if (newState !== 'closed') return;
		const held = box.contains(document.activeElement) || document.activeElement === document.body;
		box.remove();
		if (held && before instanceof HTMLElement) before.focus({ preventScroll: true });
	});
	document.body.append(box);
	box.showPopover();
	place(box, near, true);
	$('.button', box).focus();
}

/**
 * @param {HTMLElement} element
 * @param {number} id
 */
function withState(element, id) {
	if (isKnown(id)) showState(element, id);
	return element;
}

/** @param {string} timeZone */
function timeIn(timeZone) {
	try {
		const options = /** @type {const} */ ({ weekday: 'short', hour: 'numeric', minute: '2-digit' });
		return new Intl.DateTimeFormat(locale, { timeZone, ...options }).format();
	} catch {
		return timeZone; // one that this browser does not know
	}
}
