const DATABASE = 'klatch';
const BOX = 'outbox';
const CHANNEL = 'klatch:outbox';
const FORGET_WITHIN = 2_000; // ms; logging out waits no longer

/** What tabs tell each other about the outbox. */
export const channel = () => new BroadcastChannel(CHANNEL);

const done = (target, success) => new Promise((resolve, reject) => {
  target[success] = () => resolve(target.result);
  target.onerror = target.onabort = (event) => reject(event.target.error ?? new Error('aborted'));
});

async function open() {
  const request = indexedDB.open(DATABASE, 1);
  // `n` is the order of writing, over all tabs.
  request.onupgradeneeded = () => request.result.createObjectStore(BOX, { keyPath: 'n', autoIncrement: true }).createIndex('key', 'key', { unique: true });
  const database = await done(request, 'onsuccess');
  database.onversionchange = () => database.close(); // it is being deleted
  return database;
}

/**
 * Messages that were written and not sent, of all users of this browser:
 * { n, user, room, key, body, replyTo, state: pending | failed, error, joins }. Whoever sends one that `joins` becomes a member of the room by it.
 * Where the browser stores nothing (some private windows, a full disk) they are kept in memory, without `n`, for this page alone.
 */
export class Store {
  #database = open();
  #memory = [];
  #last = this.#database.catch(() => {});

  get hasUnstored() {
    return this.#memory.length > 0;
  }

  async all() {
    const stored = await this.#in('readonly', (box) => box.getAll()).catch(() => []);
    return [...stored, ...this.#memory];
  }

  /** Keeps an entry in any case, behind those given before. */
  add(entry) {
    this.#last = this.#last.then(async () => {
      const stored = !this.#memory.length && await this.#in('readwrite', (box) => box.add(entry))
        .catch((error) => error?.name === 'ConstraintError'); // another tab has given it back as well
      if (!stored) this.#memory.push(entry);
    });
    return this.#last;
  }

  /** Nothing happens where there is no such entry any more. */
  async change(key, fields) {
    const kept = this.#memory.find((entry) => entry.key === key);
    if (kept) return void Object.assign(kept, fields);
    await this.#at(key, (cursor) => cursor.update({ ...cursor.value, ...fields }));
  }

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

  #at(key, act) {
    return this.#in('readwrite', (box) => {
      const request = box.index('key').openCursor(key);
      request.addEventListener('success', () => request.result && act(request.result), { once: true });
      return request;
    }).catch(() => {});
  }

  // Settles when the transaction has, with the result of the request.
  async #in(mode, ask) {
    const transaction = (await this.#database).transaction(BOX, mode, { durability: 'strict' });
    const request = ask(transaction.objectStore(BOX));
    await done(transaction, 'oncomplete');
    return request.result;
  }
}

/** How many messages have not been sent. */
export async function unsent() {
  return (await new Store().all()).length;
}

/** Takes all that was written here off this machine, drafts too; the other tabs are told. */
export async function forget() {
  channel().postMessage({ over: true });
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith('klatch:draft:')) localStorage.removeItem(key);
    await globalThis.caches?.delete('klatch-pages');
    const deleted = done(indexedDB.deleteDatabase(DATABASE), 'onsuccess');
    await Promise.race([deleted, new Promise((resolve) => { setTimeout(resolve, FORGET_WITHIN); })]);
  } catch {
    // Where nothing may be stored nothing is.
  }
}
