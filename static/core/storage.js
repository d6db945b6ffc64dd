/**
 * What this browser keeps in `localStorage`, by name, and what a tab keeps for itself in `sessionStorage`. Where nothing can
 * be kept (some private windows, a full disk), reading finds nothing and writing does nothing. Nobody else touches either.
 */
export const KEYS = /** @type {const} */ ({
	folded: 'klatch:folded', // a list: groups of rooms that are folded
	visited: 'klatch:visited-ids', // a list: ids of rooms, the latest first
	emoji: 'klatch:emoji', // a list: emoji that were picked, the latest first
	toolbar: 'klatch:toolbar', // "on": the toolbar for formatting is shown
	notices: 'klatch:notices', // "on" or "off", as the next two
	sound: 'klatch:sound',
	announce: 'klatch:announce',
});

const DRAFTS = 'klatch:draft:';

/**
 * The key of what somebody is writing in a room: a list of what each tab has, the latest last; a tab's own is its text.
 * @param {number} user
 * @param {number} room its id
 */
export const draftKey = (user, room) => `${DRAFTS}${user}:id:${room}`;

/**
 * Whether something is being written, here or in another tab.
 * @param {string} key that of a draft
 */
export const hasDraft = (key) => Boolean(read(key, true) || listOf(read(key)).some(Boolean));

// Even to name it may throw.
const storage = (/** @type {boolean} */ ofTab) => (ofTab ? sessionStorage : localStorage);

/**
 * @param {string} key
 * @param {boolean} [ofTab] what this tab keeps for itself
 * @returns {string | null}
 */
export function read(key, ofTab = false) {
	try {
		return storage(ofTab).getItem(key);
	} catch {
		return null;
	}
}

/**
 * Answers whether it is kept.
 * @param {string} key
 * @param {string | null} value `null` or empty: nothing is kept
 * @param {boolean} [ofTab] for this tab alone
 */
export function write(key, value, ofTab = false) {
	try {
		if (value) storage(ofTab).setItem(key, value);
		else storage(ofTab).removeItem(key);
		return true;
	} catch {
		return false;
	}
}

/**
 * A list as it is kept.
 * @param {string | null} kept
 * @returns {string[]}
 */
export function listOf(kept) {
	try {
		const list = JSON.parse(kept ?? '[]');
		return Array.isArray(list) ? list : [];
	} catch {
		return [];
	}
}

/** @param {string} key */
export const readList = (key) => listOf(read(key));

/**
 * @param {string} key
 * @param {string[]} list
 */
export const writeList = (key, list) => write(key, list.length ? JSON.stringify(list) : null);

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
	for (const ofTab of [false, true]) {
		try {
			for (const key of Object.keys(storage(ofTab))) if (key.startsWith(DRAFTS)) write(key, null, ofTab);
		} catch {
			// See above.
		}
	}
}
