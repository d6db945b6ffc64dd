const ANSWER_WITHIN = 10_000; // ms for `joined` and each further page; then the connection is doubted and the join repeated
const LONGEST_WAIT = 80_000; // the wait doubles: a server that is slow is not helped by more joins
const RETRY = 2_000; // ms, for a join that the server could not answer just then

/**
 * @typedef {object} Show what becomes of the messages
 * @property {(frame: Wire.FrameOf<'joined'>) => void} fresh the room starts anew
 * @property {(frame: Wire.FrameOf<'joined'>) => void} resumed it goes on where it was
 * @property {(messages: Wire.Message[], live: boolean) => void} changed
 * @property {() => void} caughtUp
 */

/** One room on the wire: joins it after every `welcome`, catches up, keeps the cursor. */
export class Feed {
	cursor = 0;
	/** @type {string | null} */
	epoch = null;
	joined = false; // joined and caught up
	#ended = false;
	#timer = 0;
	#wait = ANSWER_WITHIN;
	#socket;
	#room;
	#show;

	/**
	 * @param {import('./socket.js').Socket} socket
	 * @param {{ slug: string, id: number }} room
	 * @param {Show} show
	 */
	constructor(socket, { slug, id }, show) {
		this.#socket = socket;
		this.#room = { room: slug, room_id: id };
		this.#show = show;
	}

	join() {
		clearTimeout(this.#timer);
		this.joined = false;
		if (this.#ended) return;
		const resume = this.epoch === null ? { ref: 'join' } : { ref: 'resume', after: this.cursor, epoch: this.epoch };
		this.#socket.send({ type: 'join', ...this.#room, ...resume });
		this.#expect();
	}

	/** The server says that this socket is not in the room. */
	rejoin() {
		if (!this.#ended && this.joined) this.#again(RETRY * (0.5 + Math.random()));
	}

	lost() {
		clearTimeout(this.#timer);
		this.#wait = ANSWER_WITHIN;
		this.joined = false;
	}

	end() {
		this.lost();
		this.#ended = true;
	}

	/** @param {Wire.FrameOf<'joined'>} frame */
	onJoined(frame) {
		this.joined = false;
		// A join that was repeated may be answered twice; either answer is a new start.
		const plain = frame.ref !== 'resume' || frame.reset;
		this.epoch = frame.epoch;
		if (plain) {
			this.cursor = frame.seq;
			this.#show.fresh(frame);
			this.#done();
		} else {
			this.#show.resumed(frame);
			this.onChanges(frame);
		}
	}

	/**
	 * A page of a catch-up. The cursor moves page by page, so that one cut short goes on where it stopped.
	 * @param {{ messages: Wire.Message[], more: boolean }} frame
	 */
	onChanges({ messages, more }) {
		this.#show.changed(messages, false);
		for (const message of messages) this.cursor = Math.max(this.cursor, message.seq);
		if (more) this.#expect();
		else this.#done();
	}

	/** @param {Wire.Message} message */
	onMessage(message) {
		this.cursor = Math.max(this.cursor, message.seq);
		this.#show.changed([message], true);
	}

	/**
	 * False where the room can't be had at all.
	 * @param {Wire.FrameOf<'error'>} frame
	 */
	onError(frame) {
		if (frame.code !== 'unavailable' && frame.code !== 'rate_limited') {
			this.end();
			return false;
		}
		this.#again(frame.retry_after_ms ?? RETRY * (0.5 + Math.random()));
		return true;
	}

	#expect() {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
			this.#socket.probe();
			this.join();
		}, this.#wait);
	}

	/** @param {number} wait */
	#again(wait) {
		clearTimeout(this.#timer);
		this.joined = false;
		this.#timer = setTimeout(() => this.join(), wait);
	}

	#done() {
		clearTimeout(this.#timer);
		this.#wait = ANSWER_WITHIN;
		this.joined = true;
		this.#show.caughtUp();
	}
}
