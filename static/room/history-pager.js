/** @typedef {{ around: number } | { since: string } | { before: number } | { after: number } | {}} Place `{}`: the room's end */
/** @typedef {Wire.FrameOf<'history'>} Page */

const PAGE = 50; // messages
const AGAIN_AFTER = 2_000; // ms after a page that could not be read

/**
 * Which part of the room's history is in the list: further pages as one scrolls, or a jump to a message, a day or the end.
 * One is asked for at a time; a jump replaces what was asked before, and outlives a lost connection.
 */
export class HistoryPager {
	/** @type {{ ref: string, act: (page: Page) => void } | null} */
	#asked = null; // the page that is awaited, and what becomes of it
	/** @type {{ place: Place, arrive: () => void } | null} */
	#target = null; // where the reader wants to be
	#count = 0;
	#list;
	#scroll;
	#send;

	/**
	 * @param {object} options
	 * @param {import('./message-list.js').MessageList} options.list
	 * @param {import('./scroll.js').Scroll} options.scroll
	 * @param {(page: Place & { limit: number, ref: string }) => boolean} options.send false where there is no connection
	 */
	constructor({ list, scroll, send }) {
		this.#list = list;
		this.#scroll = scroll;
		this.#send = send;
	}

	/** What is missing near the edges of what the reader looks at. */
	fill() {
		const [list, scroll] = [this.#list, this.#scroll];
		if (this.#asked || list.stale || list.oldest === null) return;
		const { oldest: before, newest: after } = list;
		if (list.more && scroll.nearTop) {
			const isAsked = this.#ask({ before }, ({ messages, more }) =>
				scroll.hold((anchor) => list.addOlder(before, messages, more, anchor)),
			);
			if (isAsked) list.waits(true);
		} else if (list.newer && scroll.nearBottom) {
			this.#ask({ after }, ({ messages, newer = false }) =>
				scroll.hold((anchor) => list.addNewer(after, messages, newer, anchor)),
			);
		}
	}

	/**
	 * Leads to what is there, and calls `arrive` then.
	 * @param {Place} place
	 * @param {() => void} [arrive]
	 */
	jump(place, arrive = () => {}) {
		this.#scroll.leaveEnd();
		this.#target = { place, arrive };
		this.#askForTarget();
	}

	get isJumping() {
		return this.#target !== null;
	}

	/** The room is joined and caught up. */
	resume() {
		if (this.#target) this.#askForTarget();
		else this.fill();
	}

	/** What was asked for will not come. */
	lost() {
		this.#asked = null;
		if (!this.#target) this.#list.settle();
	}

	/** @param {Page} page */
	onHistory(page) {
		if (!this.#asked || page.ref !== this.#asked.ref) return;
		const { act } = this.#asked;
		this.#asked = null;
		act(page);
		this.fill();
	}

	/**
	 * Whether the error is an answer to this.
	 * @param {Wire.FrameOf<'error'>} frame
	 */
	onError({ ref, retry_after_ms: wait = AGAIN_AFTER }) {
		if (!this.#asked || ref !== this.#asked.ref) return false;
		this.#list.waits(false);
		setTimeout(() => {
			if (ref !== this.#asked?.ref) return;
			this.lost();
			this.resume();
		}, wait);
		return true;
	}

	#askForTarget() {
		if (!this.#target) return;
		const { place, arrive } = this.#target;
		this.#ask(place, ({ messages, more, newer = false }) => {
			this.#target = null;
			this.#scroll.hold(() => this.#list.replace(messages, more, newer));
			arrive();
		});
	}

	/**
	 * @param {Place} place
	 * @param {(page: Page) => void} act
	 */
	#ask(place, act) {
		this.#count += 1;
		const ref = `page ${this.#count}`;
		if (!this.#send({ ...place, limit: PAGE, ref })) return false;
		this.#asked = { ref, act };
		this.#list.listen();
		return true;
	}
}
