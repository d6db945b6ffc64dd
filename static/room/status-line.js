const STAYS = 8_000; // ms

/** The line in which a room's pane tells what became of something the reader did. */
export class StatusLine {
	#timer = 0;
	#root;

	/** @param {HTMLElement} root */
	constructor(root) {
		this.#root = root;
	}

	/**
	 * @param {string} text
	 * @param {boolean} [isDone] it was done, and nothing is wrong
	 */
	say(text, isDone = false) {
		this.#root.textContent = text;
		this.#root.classList.toggle('done', isDone);
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#root.textContent = '';
		}, STAYS);
	}
}
