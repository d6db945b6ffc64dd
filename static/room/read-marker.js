import { isLookedAt, onLook } from '../core/dom.js';

const EVERY = 1_000; // ms between two `read` frames

/** Tells the server how far this reader has read in a room. */
export class ReadMarker {
	#told = 0;
	#shown = 0; // the newest in the list
	#seen = 0; // of those, while somebody was looking
	#timer = 0;
	#held = false; // set back: nothing counts as read until the reader leaves the room or answers
	#send;
	#isReading;
	#onSeen;

	/**
	 * @param {object} options
	 * @param {(seq: number) => boolean} options.send
	 * @param {() => boolean} options.isReading
	 * @param {() => void} options.onSeen everything here has been seen
	 * @param {AbortSignal} options.signal the room is closed
	 */
	constructor({ send, isReading, onSeen, signal }) {
		this.#send = send;
		this.#isReading = isReading;
		this.#onSeen = onSeen;
		// Whoever looks away has seen what was there.
		onLook(() => (isLookedAt() ? this.update() : this.#tell()), signal);
		addEventListener('pagehide', () => this.#tell(), { signal });
	}

	/** The mark as the server has it. */
	get told() {
		return this.#told;
	}

	/** @param {number} read the mark as the server has it */
	start(read) {
		this.#told = read;
	}

	resume() {
		this.#held = false;
	}

	/** The room is no longer shown: what was seen is told. */
	leave() {
		this.#tell();
		this.resume();
	}

	/**
	 * Another window of this reader has read further, or has set the mark back.
	 * @param {Wire.FrameOf<'read'>} frame
	 */
	moved({ seq, back }) {
		this.#told = back ? seq : Math.max(this.#told, seq);
		this.#held ||= Boolean(back);
		if (back) this.#seen = Math.min(this.#seen, seq);
	}

	update(newest = this.#shown) {
		this.#shown = newest;
		if (this.#held || !this.#isReading()) return;
		this.#onSeen();
		this.#seen = newest;
		if (newest > this.#told && !this.#timer) this.#timer = setTimeout(() => this.#tell(), 0);
	}

	#tell() {
		if (!this.#held && this.#seen > this.#told && this.#send(this.#seen)) this.#told = this.#seen;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#timer = 0;
			this.update();
		}, EVERY);
	}
}
