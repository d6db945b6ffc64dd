import { all, el, maybe } from '../core/dom.js';
import { calledBy } from '../people/names.js';

/**
 * @typedef {object} Reader whoever looks at a message
 * @property {Wire.User} me
 * @property {(slug: string) => boolean} isIn whether they are known to be in a room
 * @property {(slug: string) => Promise<boolean>} sees whether they may see a room, as the server says
 */

/**
 * Gives a body, as the server wrote it, what depends on its reader and what needs scripts.
 * @param {HTMLElement} body
 * @param {number} author
 * @param {Reader} reader
 * @returns whether it speaks to the reader by name
 */
export function enliven(body, author, { me, isIn, sees }) {
	const mine = author === me.id ? [] : all('.at', body).filter((at) => means(at.dataset, me.id));
	for (const at of mine) at.classList.add('mine');
	// Who it is, for whoever does not know them by their username.
	for (const link of all('a.at[data-user]', body)) link.title = calledBy((link.textContent ?? '').replace(/^@/, ''));
	for (const room of all('[data-room]', body)) {
		const slug = room.dataset.room ?? '';
		const link = () => room.replaceWith(el('a', { class: 'at', href: `/rooms/${slug}` }, `#${slug}`));
		if (isIn(slug)) link();
		else sees(slug).then((is) => is && link());
	}
	for (const wide of all('pre, .table', body)) wide.tabIndex = 0; // scrolls sideways by keyboard too
	if (maybe('pre, .spoiler, .table, .task', body)) import('./rich.js').then(({ enrich }) => enrich(body));
	return mine.length > 0;
}

/**
 * Whether a mention means somebody: one user, or several by their ids, with ranges.
 * @param {DOMStringMap} at
 * @param {number} id
 */
function means({ user, users = '' }, id) {
	if (user) return Number(user) === id;
	return users.split(' ').some((part) => {
		const [first, last = first] = part.split('-');
		return part === '*' || (part !== '' && Number(first) <= id && id <= Number(last));
	});
}
