import { api } from '../net/api.js';

/** All rooms that the reader is in. */
export async function ownRooms() {
	/** @type {Wire.ListedRoom[]} */
	const rooms = [];
	let cursor = '';
	do {
		/** @type {Wire.Rooms} */
		const page = await api('GET', `/rooms?member=true&limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
		rooms.push(...page.rooms);
		cursor = page.cursor ?? '';
	} while (cursor);
	return rooms;
}
