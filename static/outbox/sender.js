import { forgetDrafts } from '../core/storage.js';
import { ApiError, api, textOf } from '../net/api.js';
import { channel, OutboxStorage } from './storage.js';

/** @import { Entry, News, Written } from './storage.js' */
/** @typedef {{ again: boolean, wake: (() => void) | null }} Lane what came meanwhile, and how a pause is ended */

const FIRST_WAIT = 1_000; // ms after a failure that passes; doubles with each
const LONGEST_WAIT = 30_000;
const ANSWER_WITHIN = 10_000;

/** @param {ApiError} error */
const passes = ({ status }) => [0, 408, 429].includes(status) || status >= 500;

/**
 * Sends what the outbox holds of one user: one for a page, whatever rooms are open in it. In each room a message goes when
 * the one before it was answered. One tab does this at a time, the one last written in, or another when that closes; two
 * would do no harm, since neither goes on before an answer and the key makes whatever is sent twice one message.
 */
export class Sender {
	#storage = new OutboxStorage();
	#channel = channel();
	/** @type {Map<string, Lane>} */
	#lanes = new Map(); // by room
	/** @type {((news: News) => void)[]} */
	#listeners = [];
	#isLeader = false;
	/** @type {AbortController | null} */
	#waiting = null; // aborts waiting for the lead
	#isWiped = false;
	#user;

	/** @param {number} user */
	constructor(user) {
		this.#user = user;
		this.#channel.onmessage = ({ data }) => this.#heard(data);
		addEventListener('beforeunload', (event) => {
			if (this.#storage.hasUnstored) event.preventDefault();
		});
		this.#waitToLead();
	}

	/**
	 * Is told `{ room }`: entries of a room changed; with `key` and `id`: that one was sent; `{ over }`: they were all deleted.
	 * @param {(news: News) => void} hear
	 * @param {AbortSignal} signal ends that
	 */
	listen(hear, signal) {
		this.#listeners.push(hear);
		signal.addEventListener('abort', () => {
			this.#listeners = this.#listeners.filter((each) => each !== hear);
		});
	}

	/** @param {string} [room] all rooms without it */
	async entries(room) {
		return (await this.#storage.all()).filter((entry) => entry.user === this.#user && (!room || entry.room === room));
	}

	/** @param {Written} written */
	async post(written) {
		if (this.#isWiped) return;
		await this.#storage.add({ ...written, user: this.#user, state: 'pending' });
		this.#sendSoon(written.room);
	}

	/**
	 * Sends it, or sends it again, to the room that is shown.
	 * @param {string} room
	 * @param {number} roomId
	 * @param {string} key
	 */
	async retry(room, roomId, key) {
		await this.#storage.change(key, { state: 'pending', error: null, roomId });
		this.#sendSoon(room);
	}

	/**
	 * @param {string} room
	 * @param {string} key
	 */
	async remove(room, key) {
		await this.#storage.remove(key);
		this.#tell({ room });
	}

	/** There is a connection again: what waits for one is sent now. */
	retryNow() {
		for (const lane of this.#lanes.values()) lane.wake?.();
		this.#sendAll();
	}

	/**
	 * The tab that leads may be asleep; the one that somebody uses is not.
	 * @param {string} room
	 */
	#sendSoon(room) {
		if (!this.#isLeader) this.#waitToLead(true);
		this.#tell({ room });
	}

	/** @param {News} news */
	#heard(news) {
		if (news.over) {
			this.#isWiped = true;
			this.#storage.end();
			forgetDrafts(); // those that this tab kept for itself
		}
		for (const hear of this.#listeners) hear(news);
		this.#sendAll();
	}

	/** @param {News} news */
	#tell(news) {
		this.#channel.postMessage(news);
		for (const hear of this.#listeners) hear(news);
		this.#sendAll();
	}

	async #waitToLead(steal = false) {
		this.#waiting?.abort();
		const waiting = new AbortController();
		this.#waiting = waiting;
		try {
			const options = steal ? { steal } : { signal: waiting.signal };
			if (navigator.locks)
				await navigator.locks.request(`klatch:outbox:${this.#user}`, options, () => this.#becomeLeader());
			else this.#becomeLeader();
		} catch (error) {
			if (this.#waiting !== waiting) return; // it is no longer waited for
			if (!(error instanceof DOMException && error.name === 'AbortError')) {
				this.#becomeLeader(); // no locks on this page
				return;
			}
			this.#isLeader = false;
			this.#waitToLead();
		}
	}

	// Until the tab closes, or another one takes over.
	#becomeLeader() {
		this.#isLeader = true;
		this.#sendAll();
		return new Promise(() => {});
	}

	async #sendAll() {
		for (const room of new Set((await this.entries()).map((entry) => entry.room))) this.#sendRoom(room);
	}

	/** @param {string} room */
	async #sendRoom(room) {
		const known = this.#lanes.get(room);
		if (known) {
			known.again = true;
			return;
		}
		/** @type {Lane} */
		const lane = { again: true, wake: null };
		this.#lanes.set(room, lane);
		while (lane.again) {
			lane.again = false;
			await this.#drain(room, lane);
		}
		this.#lanes.delete(room);
	}

	/**
	 * @param {string} room
	 * @param {Lane} lane
	 */
	async #drain(room, lane) {
		let tries = 0;
		for (let entry = await this.#next(room); entry; entry = await this.#next(room)) {
			try {
				const id = await this.#send(entry);
				tries = 0;
				this.#tell({ room, key: entry.key, id });
				await this.#storage.remove(entry.key);
			} catch (error) {
				if (error instanceof ApiError && error.status === 401) return;
				if (error instanceof ApiError && passes(error)) {
					await this.#pause(lane, error, tries);
					tries += 1;
				} else {
					await this.#storage.change(entry.key, { state: 'failed', error: textOf(error) });
					this.#tell({ room });
				}
			}
		}
	}

	/**
	 * Answers the message's id.
	 * @param {Entry} entry
	 */
	async #send({ room, roomId, key, body, replyTo, joins }) {
		const given = { key, body, room_id: roomId, author: this.#user, ...(replyTo != null && { reply_to: replyTo }) };
		// Whoever is no member of the room becomes one, but not of another one that has its name by now.
		if (joins && (await this.#idOf(room)) === roomId)
			await api('PUT', `/rooms/${room}/members/me`, undefined, ANSWER_WITHIN);
		/** @type {Wire.Message} */
		const { id } = await api('POST', `/rooms/${room}/messages`, given, ANSWER_WITHIN);
		return id;
	}

	/** @param {string} room */
	async #idOf(room) {
		/** @type {Wire.Room} */
		const { id } = await api('GET', `/rooms/${room}`, undefined, ANSWER_WITHIN);
		return id;
	}

	/**
	 * A tab that does not lead sends only what it alone has.
	 * @param {string} room
	 */
	async #next(room) {
		const entry = (await this.entries(room)).find((each) => each.state === 'pending');
		return entry && (this.#isLeader || entry.n === undefined) ? entry : null;
	}

	/**
	 * @param {Lane} lane
	 * @param {ApiError} error
	 * @param {number} tries
	 */
	async #pause(lane, { retryAfter }, tries) {
		const wait = retryAfter || Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries);
		/** @type {Promise<void>} */
		const over = new Promise((resolve) => {
			lane.wake = resolve;
			setTimeout(resolve, wait);
		});
		await over;
		lane.wake = null;
	}
}
