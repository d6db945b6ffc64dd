import { $, el, maybe, setText } from '../core/dom.js';
import { MARKS } from '../core/room-marks.js';
import { t } from '../core/text.js';
import { face } from '../people/avatars.js';
import { noteStates, showState } from '../people/states.js';

/**
 * @typedef {object} Listed a room in the list
 * @property {number} id
 * @property {string} slug
 * @property {string} title its slug where it has none
 * @property {Wire.RoomKind} kind
 * @property {boolean} member
 * @property {number} count messages ever sent
 * @property {number} unread
 * @property {number} mentions
 * @property {string} notify
 * @property {boolean} starred
 * @property {boolean} archived
 * @property {Map<number, number>} seen mentions that were counted since `mentions` was told, with the numbers of their changes
 * @property {number} read the reader's mark
 * @property {number} at the room's number when all this was so, as far as that was told
 * @property {HTMLAnchorElement} link
 * @property {number} recent the higher, the later its last message came: as the page had it, and since then
 * @property {string} [place] what decided where it stands
 */
/** @typedef {Pick<Wire.Room, 'id' | 'slug' | 'title' | 'kind'> & { people?: Wire.User[] }} Named */

const MOST_SHOWN = 999;
export const LEAST_RECENT = -1_000_000; // what the page did not have among its first rooms

/**
 * A room as the page has it in its list.
 * @param {HTMLAnchorElement} link
 * @param {number} recent
 * @returns {Listed}
 */
export function listed(link, recent) {
	const { id, slug = '', member, count, unread = 0, mentions = 0, notify = 'mentions' } = link.dataset;
	// The page of rooms has the topic below the name.
	link.title = $('.name', link).firstChild?.textContent ?? slug;
	return {
		...blank(link, recent),
		id: Number(id),
		slug,
		title: link.title,
		kind: /** @type {Wire.RoomKind} */ ($('i', link).classList[0]),
		member: member != null,
		count: Number(count),
		unread: Number(unread),
		mentions: Number(mentions),
		notify,
		starred: link.matches('.starred'),
		archived: link.matches('.archived'),
	};
}

/**
 * A room that the list did not have, with an item of its own.
 * @param {Named} given
 * @returns {Listed}
 */
export function newRoom({ id, slug, title, kind, people }) {
	const attributes = { class: 'room', href: `/rooms/${slug}`, 'data-slug': slug };
	const mark = el('i', { 'aria-hidden': 'true', class: kind }, MARKS[kind]);
	const link = el('a', attributes, mark, el('bdi', { class: 'name' }));
	el('li', {}, link);
	if (people) drawPeople(link, people);
	return { ...blank(link, LEAST_RECENT), id, slug, title: title || slug, kind };
}

/**
 * A talk with one other shows their face, and whether they are online.
 * @param {HTMLAnchorElement} link
 * @param {Wire.User[]} others
 */
export function drawPeople(link, others) {
	noteStates(/** @type {import('../people/states.js').Known[]} */ (others));
	const [other, more] = others;
	if (!other || more || link.dataset.person) return;
	const mark = face(other);
	$('i', link).className = `direct ${mark.className}`;
	setText($('i', link), mark.textContent ?? '');
	showState(link, other.id);
}

/**
 * Of which nothing is known yet.
 * @param {HTMLAnchorElement} link
 * @param {number} recent
 */
function blank(link, recent) {
	const counts = { count: 0, unread: 0, mentions: 0, read: 0, at: 0, seen: new Map() };
	return { ...counts, member: false, notify: 'mentions', starred: false, archived: false, link, recent };
}

/**
 * Has a room's link show what is known of it.
 * @param {Listed} room
 * @param {boolean} isHere it is what the page shows
 * @param {boolean} isDrafted something was begun there
 */
export function draw({ link, title, member, mentions, unread, starred, archived }, isHere, isDrafted) {
	const name = $('.name', link);
	// The page of rooms has the topic below the name.
	if (name.firstChild?.nodeType === Node.TEXT_NODE) setText(name.firstChild, title);
	else name.prepend(title);
	link.title = title;
	link.classList.toggle('starred', starred);
	link.classList.toggle('archived', archived);
	link.classList.toggle('drafted', isDrafted);
	link.toggleAttribute('data-member', member);
	const isNew = member && unread > 0 && !isHere;
	link.classList.toggle('new', isNew);
	if (isNew) {
		const badge = maybe('.count', link) ?? link.appendChild(el('span'));
		badge.className = mentions ? 'count at' : 'count';
		const cut = (/** @type {number} */ number) => (number > MOST_SHOWN ? `${MOST_SHOWN}+` : String(number));
		const values = { unread: cut(unread), mentions: cut(mentions) };
		setText(badge, mentions ? values.mentions : values.unread);
		badge.setAttribute('aria-label', t(mentions ? 'rooms.unread-for-you' : 'rooms.unread', values));
	} else maybe('.count', link)?.remove();
	if (member) maybe('.tag', link)?.remove();
}
