import { all, el } from '../core/dom.js';
import { nameOf } from './avatars.js';
import { noteStates, redrawStates } from './states.js';

/** @typedef {{ until?: string }} Extra what a feature adds to a person; where it ends, until when */
/** @typedef {Record<string, Extra>} Extras by their names */

/**
 * How what features add to people is shown beside their names, by the name that it has in a user: a sign, and what it says.
 * @type {Record<string, (extra: any) => { sign: string, text: string }>}
 */
const SHOWN = {
	// A line for each.
	status: ({ emoji, text }) => ({ sign: emoji || '💬', text }),
};

/** What can be set of oneself: each is a dialog of its name. */
export const settable = Object.keys(SHOWN);

const LOOK = 2_000; // ms after which it is looked for what has ended

/** @type {Map<number, Extras>} */
const known = new Map(); // by the person's id
/** @type {Map<string, string>} */
const called = new Map(); // by username in small letters: what somebody is called

/**
 * Somebody's name, and beside it what features add to them, which keeps up with what becomes known.
 * @param {HTMLElement} name
 * @param {Wire.User} user
 */
export function withExtras(name, user) {
	called.set(user.username.toLowerCase(), nameOf(user));
	if (!known.has(user.id)) known.set(user.id, extrasOf(user));
	const place = el('span', { class: 'extras', 'data-extras': user.id });
	draw(place, user.id);
	return [name, place];
}

/**
 * What somebody is called, as far as this page has met them.
 * @param {string} username
 */
export const calledBy = (username) => called.get(username.toLowerCase()) ?? `@${username}`;

/**
 * What is known of somebody's extra.
 * @param {number} id
 * @param {string} name
 */
export const extraOf = (id, name) => known.get(id)?.[name];

/**
 * What features add to somebody now: what is shown of it, and until when.
 * @param {number} id
 */
export const shownOf = (id) =>
	Object.entries(known.get(id) ?? {})
		.filter(([, extra]) => !isOver(extra))
		.map(([name, extra]) => ({ ...SHOWN[name](extra), until: extra.until }));

/**
 * Takes in what the server tells of people as they are now, and shows it wherever they are named.
 * @param {(Wire.User | Wire.PersonState)[]} people
 */
export function learn(people) {
	noteStates(/** @type {import('./states.js').Known[]} */ (people));
	for (const person of people) {
		if ('display_name' in person) called.set(person.username.toLowerCase(), nameOf(person));
		const [before, now] = [known.get(person.id), extrasOf(person)];
		known.set(person.id, now);
		if (JSON.stringify(before) === JSON.stringify(now)) continue;
		for (const place of all(`[data-extras="${person.id}"]`)) draw(place, person.id);
	}
}

/**
 * Shows what became known while this was not in the document.
 * @param {HTMLElement} root
 */
export function redraw(root) {
	redrawStates(root);
	for (const place of all('[data-extras]', root)) {
		const id = Number(place.dataset.extras);
		if (known.has(id)) draw(place, id);
	}
}

/** Forgets what may have changed while there was no connection. */
export const forget = () => known.clear();

/** Takes away what ends, from now on. */
export function watchEnds() {
	setInterval(() => {
		for (const shown of all('[data-until]')) if (isOver(shown.dataset)) shown.remove();
	}, LOOK);
}

/** @param {Extra} extra */
const isOver = ({ until = '' }) => Date.parse(until) <= Date.now();

/** @param {Wire.User | Wire.PersonState} person */
function extrasOf(person) {
	const fields = /** @type {Record<string, any>} */ (person);
	return Object.fromEntries(settable.filter((name) => fields[name]).map((name) => [name, fields[name]]));
}

/**
 * @param {HTMLElement} place
 * @param {number} id
 */
function draw(place, id) {
	const shown = shownOf(id).map(({ sign, text, until }) => {
		const words = text && el('span', { class: 'unseen' }, text);
		const attributes = { class: 'extra', title: text, 'data-until': until };
		return el('span', attributes, el('span', { 'aria-hidden': text && 'true' }, sign), words);
	});
	place.replaceChildren(...shown);
}
