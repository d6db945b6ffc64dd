export const DATABASE = 'klatch';
const BOX = 'outbox';
const CHANNEL = 'klatch:outbox';

/**
 * @typedef {object} Written a message that was written
 * @property {string} room its slug
 * @property {number} [roomId] its id: another room may have the slug by the time it is sent
 * @property {string} key
 * @property {string} body
 * @property {number | null} replyTo
 * @property {boolean} joins whoever sends it becomes a member of the room by it
 */
/**
 * @typedef {object} Kept what is stored of it
 * @property {number} user who wrote it
 * @property {'pending' | 'failed'} state
 * @property {string | null} [error] why it failed
 * @property {number} [n] the order of writing, over all tabs; none where it is kept in memory
 */
/** @typedef {Written & Kept} Entry */
/** @typedef {{ over: true } | { over?: undefined, room: string, key?: string, id?: number }} News see `Sender.listen` */

/** What tabs tell each other about the outbox. */
export const channel = () => new BroadcastChannel(CHANNEL);

/**
 * Settles once a request or a transaction has.
 * @param {IDBRequest | IDBTransaction} target
 */
export const done = (target) =>
	new Promise((resolve, reject) => {
		// An error in a transaction is told by the request that failed.
		const fail = (/** @type {Event} */ event) =>
			reject(/** @type {IDBRequest | IDBTransaction} */ (event.target).error ?? new Error('aborted'));
		target.addEventListener('success', resolve);
		target.addEventListener('complete', resolve);
		target.addEventListener('error', fail);
		target.addEventListener('abort', fail);
	});

async function open() {
	const request = indexedDB.open(DATABASE, 1);
	request.onupgradeneeded = () => {
		const box = request.result.createObjectStore(BOX, { keyPath: 'n', autoIncrement: true });
		box.createIndex('key', 'key', { unique: true });
	};
	await done(request);
	const database = request.result;
	database.onversionchange = () => database.close(); // it is being deleted
	return database;
}

/**
 * Messages that were written and not sent, of all users of this browser. Where the browser stores nothing (some private
 * windows, a full disk) they are kept in memory, for this page alone.
 */
export class OutboxStorage {
	#database = open();
	/** @type {Entry[]} */
	#memory = [];
	/** @type {Promise<unknown>} */
	#last = this.#database.catch(() => {});

	get hasUnstored() {
		return this.#memory.length > 0;
	}

	/** @returns {Promise<Entry[]>} */
	async all() {
		const stored = await this.#in('readonly', (box) => box.getAll()).catch(() => []);
		return [...stored, ...this.#memory];
	}

	/**
	 * Keeps an entry in any case, behind those given before.
	 * @param {Entry} entry
	 */
	add(entry) {
		this.#last = this.#last.then(async () => {
			if (this.#memory.length || !(await this.#store(entry))) this.#memory.push(entry);
		});
		return this.#last;
	}

	/**
	 * Nothing happens where there is no such entry any more.
	 * @param {string} key
	 * @param {Partial<Entry>} fields
	 */
	async change(key, fields) {
		const kept = this.#memory.find((entry) => entry.key === key);
		if (kept) Object.assign(kept, fields);
		else await this.#at(key, (cursor) => cursor.update({ ...cursor.value, ...fields }));
	}

	/** @param {string} key */
	async remove(key) {
		this.#memory = this.#memory.filter((entry) => entry.key !== key);
		await this.#at(key, (cursor) => cursor.delete());
	}

	/** It has been deleted. */
	end() {
		this.#memory = [];
		this.#database = Promise.reject(new Error('ended'));
		this.#database.catch(() => {});
	}

	/** @param {Entry} entry */
	async #store(entry) {
		try {
			await this.#in('readwrite', (box) => box.add(entry));
			return true;
		} catch (error) {
			return error instanceof DOMException && error.name === 'ConstraintError'; // another tab has given it back as well
		}
	}

	/**
	 * @param {string} key
	 * @param {(cursor: IDBCursorWithValue) => void} act
	 */
	async #at(key, act) {
		const ask = (/** @type {IDBObjectStore} */ box) => {
			const request = box.index('key').openCursor(key);
			request.addEventListener('success', () => request.result && act(request.result), { once: true });
			return request;
		};
		await this.#in('readwrite', ask).catch(() => {});
	}

	/**
	 * Settles when the transaction has, with the result of the request.
	 * @template T
	 * @param {IDBTransactionMode} mode
	 * @param {(box: IDBObjectStore) => IDBRequest<T>} ask
	 * @returns {Promise<T>}
	 */
	async #in(mode, ask) {
		const transaction = (await this.#database).transaction(BOX, mode, { durability: 'strict' });
		const request = ask(transaction.objectStore(BOX));
		await done(transaction);
		return request.result;
	}
}
