import { listOf, read, readList, write, writeList } from '../core/storage.js';

const MOST = 20; // drafts of a room

/**
 * What is being written in a room. A tab in which nobody has written has a copy of what was last written in another one, and
 * follows it; what was written here stays, whatever happens elsewhere, unless this very text was sent there. What a tab
 * leaves when it is closed waits for another one, beside what others have left.
 */
export class Draft {
	text;
	#key;
	#isOwn;

	/**
	 * @param {string} key where it is kept
	 * @param {() => void} onChange the text is another one, by what happened in another tab
	 * @param {AbortSignal} signal the room is closed
	 */
	constructor(key, onChange, signal) {
		this.#key = key;
		const own = read(key, true);
		this.#isOwn = own !== null;
		this.text = own ?? readList(key).at(-1) ?? '';
		const follow = (/** @type {StorageEvent} */ event) => {
			if (event.key !== key) return;
			const [before, now] = [listOf(event.oldValue), listOf(event.newValue)];
			const isSent = before.includes(this.text) && !now.includes(this.text) && now.length < before.length;
			if (this.#isOwn && !isSent) return;
			this.#take((!isSent && now.at(-1)) || '', false);
			onChange();
		};
		addEventListener('storage', follow, { signal });
		// Unless it was wiped, at the end of a session.
		addEventListener('pagehide', () => read(key, true) && this.#keep(this.text), { signal });
	}

	/** @param {string} text as it was written here */
	write(text) {
		this.#keep(text); // other tabs hear of one that is empty: it was not sent
		if (!text) this.#keep();
		this.#take(text, Boolean(text));
	}

	/** It was sent: the other tabs that have it drop it. */
	sent() {
		this.#keep();
		this.#take('', false);
	}

	/** @param {string[]} texts what is kept in the place of the text */
	#keep(...texts) {
		const others = readList(this.#key).filter((each) => each && each !== this.text);
		writeList(this.#key, [...others, ...texts].slice(-MOST));
	}

	/**
	 * @param {string} text
	 * @param {boolean} isOwn
	 */
	#take(text, isOwn) {
		this.text = text;
		this.#isOwn = isOwn;
		write(this.#key, isOwn ? text : null, true);
	}
}
