const STAYS = 8_000; // ms

/** The line in which a room's pane tells what became of something the reader did. */
export class StatusLine {
	#timer = 0;
	#root;

	/** @param {HTMLElement} root */
	constructor(root) {
		this.#root = root;
	}

	/** @param {string} text */
	say(text) {
		this.#root.textContent = text;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#root.textContent = '';
		}, STAYS);
	}
}
