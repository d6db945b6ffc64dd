import { api } from '../net/api.js';
import { noteStates } from './states.js';

/**
 * Reads the states of a room's members anew; of many those on the first page.
 * @param {string} slug
 */
export async function statesIn(slug) {
	/** @type {Wire.Members | null} */
	const page = await api('GET', `/rooms/${slug}/members?limit=100`).catch(() => null);
	noteStates(/** @type {import('./states.js').Known[]} */ (page?.members.map(({ user }) => user) ?? []));
}
