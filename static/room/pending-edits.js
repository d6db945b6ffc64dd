/** Edits that went out and are not known to be saved. One that was not is given back, so that what was written is not lost. */
export class PendingEdits {
	#asked = 0;
	/** @type {Map<string, Wire.Message>} */
	#edits = new Map(); // by ref: the message with its new body
	#send;
	#giveBack;

	/**
	 * @param {object} options
	 * @param {(edit: { id: number, body: string, ref: string }) => boolean} options.send false when it could not go out
	 * @param {(message: Wire.Message) => void} options.giveBack
	 */
	constructor({ send, giveBack }) {
		this.#send = send;
		this.#giveBack = giveBack;
	}

	/**
	 * False when it could not go out.
	 * @param {Wire.Message} message
	 * @param {string} body
	 */
	send(message, body) {
		this.#asked += 1;
		const ref = `edit ${this.#asked}`;
		if (!this.#send({ id: message.id, body, ref })) return false;
		this.#edits.set(ref, { ...message, body });
		return true;
	}

	/** @param {string} ref of one that is saved */
	done(ref) {
		this.#edits.delete(ref);
	}

	/**
	 * False where that was none of these.
	 * @param {string} ref
	 */
	refused(ref) {
		const edit = this.#edits.get(ref);
		if (!edit) return false;
		this.#edits.delete(ref);
		this.#giveBack(edit);
		return true;
	}

	/** The connection is lost, and their answers with it. False where there were none. */
	lost() {
		const edits = [...this.#edits.values()];
		this.#edits.clear();
		for (const edit of edits) this.#giveBack(edit);
		return edits.length > 0;
	}
}
