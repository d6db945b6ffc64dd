import { empty, read, write } from '../core/storage.js';

/**
 * What is being written in a room. A tab in which nobody has written has a copy of what was last written in another one, and
 * follows it; what was written here stays, whatever happens elsewhere, unless this very text was sent there.
 */
export class Draft {
	text;
	#key;
	#isOwn;

	/**
	 * @param {string} key where it is kept
	 * @param {() => void} onChange the text is another one, by what happened in another tab
	 */
	constructor(key, onChange) {
		this.#key = key;
		const own = read(key, true);
		this.#isOwn = own !== null;
		this.text = own ?? read(key) ?? '';
		addEventListener('storage', (event) => {
			if (event.storageArea !== localStorage || event.key !== key) return;
			const isSent = event.newValue === null && event.oldValue === this.text;
			if (this.#isOwn && !isSent) return;
			this.#take(event.newValue ?? '', false);
			onChange();
		});
		// Of several tabs the last that closes leaves what it has, unless that was wiped at the end of a session.
		addEventListener('pagehide', () => read(key, true) && write(key, this.text));
	}

	/** @param {string} text as it was written here */
	write(text) {
		if (text) write(this.#key, text);
		else if (this.#isStored()) empty(this.#key);
		this.#take(text, Boolean(text));
	}

	/** It was sent: the other tabs that have it drop it. */
	sent() {
		if (this.#isStored()) write(this.#key, null);
		this.#take('', false);
	}

	#isStored() {
		return read(this.#key) === this.text;
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
