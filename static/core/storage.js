/**
 * What this browser keeps in `localStorage`, by name. Where it keeps nothing (some private windows, a full disk), reading
 * finds nothing and writing does nothing.
 */
export const KEYS = /** @type {const} */ ({
	folded: 'klatch:folded', // a list: groups of rooms that are folded
	visited: 'klatch:visited', // a list: slugs, the latest first
	emoji: 'klatch:emoji', // a list: emoji that were picked, the latest first
	toolbar: 'klatch:toolbar', // "on": the toolbar for formatting is shown
	notices: 'klatch:notices', // "on" or "off", as the next two
	sound: 'klatch:sound',
	announce: 'klatch:announce',
});

const DRAFTS = 'klatch:draft:';

/**
 * The key of what somebody is writing in a room.
 * @param {number} user
 * @param {string} room
 */
export const draftKey = (user, room) => `${DRAFTS}${user}:${room}`;

/**
 * @param {string} key
 * @returns {string | null}
 */
export function read(key) {
	try {
		return localStorage.getItem(key);
	} catch {
		return null;
	}
}

/**
 * @param {string} key
 * @param {string | null} value `null` or empty: nothing is kept
 */
export function write(key, value) {
	try {
		if (value) localStorage.setItem(key, value);
		else localStorage.removeItem(key);
	} catch {
		// See above.
	}
}

/**
 * @param {string} key
 * @returns {string[]}
 */
export function readList(key) {
	try {
		const list = JSON.parse(read(key) ?? '[]');
		return Array.isArray(list) ? list : [];
	} catch {
		return [];
	}
}

/**
 * @param {string} key
 * @param {string[]} list
 */
export const writeList = (key, list) => write(key, JSON.stringify(list));

/**
 * Puts a value first in a list of limited length.
 * @param {string} key
 * @param {string} value
 * @param {number} most
 */
export function remember(key, value, most) {
	writeList(key, [value, ...readList(key).filter((each) => each !== value)].slice(0, most));
}

/** Forgets what anybody was writing. */
export function forgetDrafts() {
	try {
		for (const key of Object.keys(localStorage)) if (key.startsWith(DRAFTS)) localStorage.removeItem(key);
	} catch {
		// See above.
	}
}
