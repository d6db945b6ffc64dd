import { api } from '../net/api.js';
import { Store, channel } from './storage.js';

const FIRST_WAIT = 1_000; // ms after a failure that passes; doubles with each
const LONGEST_WAIT = 30_000;
const ANSWER_WITHIN = 10_000;

const passes = ({ status }) => [0, 408, 429].includes(status) || status >= 500;

/**
 * Sends what the store holds of one user. In each room a message goes when the one before it was answered. One tab
 * does this at a time, the one last written in, or another when that closes; two would do no harm, since neither goes
 * on before an answer and the key makes whatever is sent twice one message.
 */
export class Mail {
  #store = new Store();
  #channel = channel();
  #lanes = new Map(); // room → { again, wake }: what came meanwhile, and how a pause is ended
  #leads = false;
  #turn = null; // aborts waiting for the turn to lead
  #over = false;

  /** `hear({ room })`: entries of a room changed; with `key` and `id`: that one was sent; `{ over }`: they were all deleted. */
  constructor(user, hear = () => {}) {
    Object.assign(this, { user, hear });
    this.#channel.onmessage = ({ data }) => this.#heard(data);
    addEventListener('beforeunload', (event) => this.#store.hasUnstored && event.preventDefault());
    this.#lead();
  }

  async entries(room) {
    return (await this.#store.all()).filter((entry) => entry.user === this.user && (!room || entry.room === room));
  }

  /** `{ room, key, body, replyTo, joins }` */
  async post(entry) {
    if (this.#over) return;
    await this.#store.add({ ...entry, user: this.user, state: 'pending' });
    this.#take(entry.room);
  }

  /** Sends it, or sends it again. */
  async release(room, key) {
    await this.#store.change(key, { state: 'pending', error: null });
    this.#take(room);
  }

  async remove(room, key) {
    await this.#store.remove(key);
    this.#tell({ room });
  }

  /** There is a connection: whatever waits for one may go. */
  hurry() {
    for (const lane of this.#lanes.values()) lane.wake?.();
    this.#go();
  }

  // The tab that leads may be asleep; the one that somebody uses is not.
  #take(room) {
    if (!this.#leads) this.#lead(true);
    this.#tell({ room });
  }

  #heard(news) {
    if (news.over) {
      this.#over = true;
      this.#store.end();
    }
    this.hear(news);
    this.#go();
  }

  #tell(news) {
    this.#channel.postMessage(news);
    this.hear(news);
    this.#go();
  }

  async #lead(steal = false) {
    this.#turn?.abort();
    const turn = new AbortController();
    this.#turn = turn;
    try {
      if (navigator.locks) await navigator.locks.request(`klatch:outbox:${this.user}`, steal ? { steal } : { signal: turn.signal }, () => this.#leading());
      else this.#leading();
    } catch ({ name }) {
      if (this.#turn !== turn) return; // it is no longer waited for
      if (name !== 'AbortError') return void this.#leading(); // no locks on this page
      this.#leads = false;
      this.#lead();
    }
  }

  // Until the tab closes, or another one takes over.
  #leading() {
    this.#leads = true;
    this.#go();
    return new Promise(() => {});
  }

  async #go() {
    for (const room of new Set((await this.entries()).map((entry) => entry.room))) this.#serve(room);
  }

  async #serve(room) {
    const known = this.#lanes.get(room);
    if (known) return void (known.again = true);
    const lane = { again: true, wake: null };
    this.#lanes.set(room, lane);
    while (lane.again) {
      lane.again = false;
      await this.#sendAll(room, lane);
    }
    this.#lanes.delete(room);
  }

  async #sendAll(room, lane) {
    for (let entry, tries = 0; (entry = await this.#next(room));) {
      const { key, body, replyTo, joins } = entry;
      try {
        if (joins) await api('PUT', `/rooms/${room}/members/me`, undefined, ANSWER_WITHIN);
        const given = { key, body, author: this.user, ...replyTo != null && { reply_to: replyTo } };
        const { id } = await api('POST', `/rooms/${room}/messages`, given, ANSWER_WITHIN);
        tries = 0;
        this.#tell({ room, key, id });
        await this.#store.remove(key);
      } catch (error) {
        if (error.status === 401) return;
        if (passes(error)) await this.#pause(lane, error, tries++);
        else {
          await this.#store.change(key, { state: 'failed', error: error.message });
          this.#tell({ room });
        }
      }
    }
  }

  // A tab that does not lead sends only what it alone has.
  async #next(room) {
    const entry = (await this.entries(room)).find((each) => each.state === 'pending');
    return entry && (this.#leads || entry.n === undefined) ? entry : null;
  }

  async #pause(lane, { retryAfter }, tries) {
    const wait = retryAfter || Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries);
    await new Promise((resolve) => {
      lane.wake = resolve;
      setTimeout(resolve, wait);
    });
    lane.wake = null;
  }
}
