import { all } from '../core/dom.js';
import { t } from '../core/text.js';

/** @typedef {'online' | 'idle' | 'offline'} State */
/** @typedef {{ id: number, state?: State }} Known */

/** @type {Map<number, State>} */
const known = new Map(); // by the person's id

/**
 * Whether anything was told of somebody.
 * @param {number} id
 */
export const isKnown = (id) => known.has(id);

/** @param {number} id */
export const stateOf = (id) => known.get(id) ?? 'offline';

/**
 * Takes in what the server tells of people's states, and shows it wherever it is shown.
 * @param {Iterable<Known>} people
 */
export function noteStates(people) {
	for (const { id, state } of people) {
		if (!state || state === known.get(id)) continue;
		known.set(id, state);
		for (const place of all(`[data-person="${id}"]`)) showState(place, id);
	}
}

/**
 * Has an element show somebody's state, now and from then on.
 * @param {HTMLElement} place
 * @param {number} id
 */
export function showState(place, id) {
	const state = stateOf(id);
	place.dataset.person = String(id);
	place.dataset.state = state;
	place.setAttribute('aria-description', t(`state.${state}`));
}

/**
 * What a page came with.
 * @param {ParentNode} root
 */
export const readStates = (root) =>
	noteStates(
		[...root.querySelectorAll('[data-person][data-state]')].map((place) => {
			const { person, state } = /** @type {HTMLElement} */ (place).dataset;
			return { id: Number(person), state: /** @type {State} */ (state) };
		}),
	);

/**
 * Shows what became known while this was not in the document.
 * @param {HTMLElement} root
 */
export function redrawStates(root) {
	for (const place of all('[data-person]', root)) showState(place, Number(place.dataset.person));
}
