import { all, closest } from '../core/dom.js';
import { fillQuote } from '../message/message.js';

/** The messages that others in the list are replies to. A quote repeats what its source says now. */
export class Quotes {
	/** @type {Map<number, Wire.Message | null>} */
	#known = new Map(); // id → message that is quoted but not in the list, or null while it is asked for
	#root;
	#me;
	#get;
	#askFor;

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.root of the list
	 * @param {number} options.me the reader's id
	 * @param {(id: number) => Wire.Message | undefined} options.get what the list has
	 * @param {(id: number) => void} options.askFor what it has not
	 */
	constructor({ root, me, get, askFor }) {
		this.#root = root;
		this.#me = me;
		this.#get = get;
		this.#askFor = askFor;
	}

	/** @param {number} id of a message that the list has no place for */
	has(id) {
		return this.#known.has(id);
	}

	/** @param {Wire.Message} reply */
	of({ reply_to: id }) {
		if (id == null) return undefined;
		return this.#get(id) ?? this.#known.get(id) ?? undefined;
	}

	/**
	 * The same, asked for where it is not there.
	 * @param {Wire.Message} reply
	 */
	want(reply) {
		const { reply_to: id, deleted } = reply;
		const quoted = this.of(reply);
		if (id != null && !quoted && !deleted && !this.has(id)) {
			this.#known.set(id, null);
			this.#askFor(id);
		}
		return quoted;
	}

	/** @param {Wire.Message} message that the list has no place for */
	put(message) {
		this.#known.set(message.id, message);
		this.refresh(message);
	}

	/** @param {Wire.Message} message as it is now */
	refresh(message) {
		for (const node of all(`.quote[data-to="${Number(message.id)}"]`, this.#root)) {
			fillQuote(node, message);
			const article = closest(node, '.msg');
			const reply = this.#get(Number(article?.dataset.id));
			if (reply && message.author.id === this.#me && reply.author.id !== this.#me) article?.classList.add('mention');
		}
	}

	/** @param {Set<number | null | undefined>} ids of those that are still quoted */
	keep(ids) {
		for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
	}

	clear() {
		this.#known.clear();
	}
}
