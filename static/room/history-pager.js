const PAGE = 50; // messages
const AGAIN_AFTER = 2_000; // ms after a page that could not be read

/**
 * Which part of the room's history is in the list: further pages as one scrolls, or a leap to a message, a day or the end.
 * One is asked for at a time; a leap takes the place of what was asked before, and outlives a lost connection.
 */
export class Pages {
  #asked = null; // { ref, act }: the page that is awaited, and what becomes of it
  #leap = null; // { place, arrive }: where the reader wants to be
  #count = 0;

  /** `send(frame)`: false where there is no connection. */
  constructor({ log, scroll, send }) {
    Object.assign(this, { log, scroll, send });
  }

  /** What is missing near the edges of what the reader looks at. */
  fill() {
    const { log, scroll } = this;
    if (this.#asked || log.stale || log.oldest === null) return;
    const { oldest: before, newest: after } = log;
    if (log.more && scroll.nearTop) {
      const add = ({ messages, more }) => scroll.hold((anchor) => log.addOlder(before, messages, more, anchor));
      if (this.#ask({ before }, add)) log.waits(true);
    } else if (log.newer && scroll.nearBottom) {
      this.#ask({ after }, ({ messages, newer }) => scroll.hold((anchor) => log.addNewer(after, messages, newer, anchor)));
    }
  }

  /** Leads to what is there around `{ around: id }` or `{ since: time }`, or to the end (`{}`), and calls `arrive` then. */
  leap(place, arrive = () => {}) {
    this.scroll.leaveEnd();
    this.#leap = { place, arrive };
    this.#goOn();
  }

  get leaping() {
    return this.#leap !== null;
  }

  /** The room is joined and caught up. */
  resume() {
    if (this.#leap) this.#goOn();
    else this.fill();
  }

  /** What was asked for will not come. */
  lost() {
    this.#asked = null;
    if (!this.#leap) this.log.settle();
  }

  onHistory(frame) {
    if (frame.ref !== this.#asked?.ref) return;
    const { act } = this.#asked;
    this.#asked = null;
    act(frame);
    this.fill();
  }

  /** Whether the error is an answer to this. */
  onError({ ref, retry_after_ms: wait = AGAIN_AFTER }) {
    if (ref !== this.#asked?.ref) return false;
    this.log.waits(false);
    setTimeout(() => {
      if (ref !== this.#asked?.ref) return;
      this.lost();
      this.resume();
    }, wait);
    return true;
  }

  #goOn() {
    const { place, arrive } = this.#leap;
    this.#ask(place, ({ messages, more, newer = false }) => {
      this.#leap = null;
      this.scroll.hold(() => this.log.replace(messages, more, newer));
      arrive();
    });
  }

  #ask(place, act) {
    const ref = `page ${this.#count += 1}`;
    const sent = this.send({ type: 'history', ...place, limit: PAGE, ref });
    if (!sent) return false;
    this.#asked = { ref, act };
    this.log.listen();
    return true;
  }
}
