import { api } from './api.js';

/** @type {Map<string, Promise<boolean>>} */
const known = new Map(); // by slug

/**
 * Rooms that the reader may see and whose names begin so; none where the server can't be asked.
 * @param {string} text
 * @param {number} most
 * @returns {Promise<Wire.ListedRoom[]>}
 */
export async function searchRooms(text, most) {
	/** @type {Wire.Rooms | null} */
	const answer = await api('GET', `/rooms?q=${encodeURIComponent(text)}&limit=${most}`).catch(() => null);
	return answer?.rooms ?? [];
}

/**
 * Whether there is a room of this name that the reader may see. Asked once for each name.
 * @param {string} slug
 */
export function isRoom(slug) {
	const asked = known.get(slug) ?? api('GET', `/rooms/${slug}`).then(Boolean, () => false);
	known.set(slug, asked);
	return asked;
}
