/**
 * Keys that are typed while a room is on its way: they are meant for its text box. What was pressed with a command goes where it
 * always goes.
 */
export class HeldKeys {
	#text;
	#hear = (/** @type {KeyboardEvent} */ event) => this.#key(event);

	/** @param {string} text what was typed before, on the way to another room */
	constructor(text) {
		this.#text = text;
		addEventListener('keydown', this.#hear, true);
	}

	/** What was typed. */
	release() {
		removeEventListener('keydown', this.#hear, true);
		return this.#text;
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		const { key, ctrlKey, metaKey, altKey, target } = event;
		if (ctrlKey || metaKey || altKey || event.isComposing) return;
		if (target instanceof Element && target.closest('dialog, [popover]')) return;
		if (key === 'Backspace') this.#text = [...this.#text].slice(0, -1).join('');
		else if ([...key].length === 1) this.#text += key;
		else if (key !== 'Enter') return;
		event.preventDefault();
		event.stopPropagation();
	}
}
