import { el } from './dom.js';
import { face, nameOf } from './faces.js';
import { quote } from './message.js';

const ANSWER_WITHIN = 10_000; // ms for `sent`; then the connection is doubted
const FIRST_WAIT = 1_000; // ms after `unavailable`; doubles with each
const LONGEST_WAIT = 30_000;

/** A version 4 UUID; plain http on a network address has no `crypto.randomUUID`. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * What was written and is not yet known to be in the room. One message is on its way at a time, so that a
 * refusal in the middle ("too fast") can't change their order; each keeps its key until the server has it,
 * over reconnects and reloads of the page.
 */
export class Outbox {
  #entries = []; // { key, body, replyTo, state: pending | failed | sent, id, error, article }
  #asked = null; // the entry on its way
  #ready = false;
  #held = false;
  #timer = 0;
  #tries = 0;
  #over = false;

  /** `send(entry)` hands it to the socket, `late()` says that an answer is overdue, `log` is where they show. */
  constructor({ me, store, send, late, log, hold }) {
    Object.assign(this, { me, store, send, late, log, hold });
    for (const saved of this.#load()) this.#add(saved);
  }

  post(body, replyTo) {
    this.#add({ key: uuid(), body, replyTo, state: 'pending' });
    this.#save();
    this.#next();
  }

  /** The room is joined and caught up: what waits may go. */
  open(cursor) {
    this.#ready = true;
    // Stored, and given to this page before the cursor: then it is above, or too old to be.
    for (const entry of this.#entries.filter((each) => each.state === 'sent' && each.id <= cursor)) this.#remove(entry);
    this.#repaint();
    this.#next();
  }

  /** The list was made anew, of these messages. What was sent and is not among them may be older, or lost: its key tells. */
  renew(messages) {
    for (const message of messages) this.settle(message);
    for (const entry of this.#entries.filter((each) => each.state === 'sent')) {
      Object.assign(entry, { state: 'pending', id: null });
      this.#paint(entry);
    }
    this.#save();
  }

  close() {
    this.#ready = false;
    this.#release();
    this.#repaint();
  }

  /** A message came; true where it was one of these. */
  settle(message) {
    const entry = message.author.id === this.me.id && this.#find(message.key);
    if (!entry) return false;
    this.#remove(entry);
    this.#answered(entry);
    return true;
  }

  onSent({ key, id }, cursor) {
    const entry = this.#find(key);
    if (!entry) return;
    if (this.log.get(id) || id <= cursor) {
      this.#remove(entry);
    } else {
      Object.assign(entry, { state: 'sent', id });
      this.#paint(entry);
    }
    this.#answered(entry);
  }

  /** False where the error is not about one of these. */
  onError(frame) {
    const entry = this.#find(frame.key);
    if (!entry) return false;
    if (entry.state !== 'pending') return true;
    this.#release();
    if (frame.code === 'rate_limited') {
      this.#pause(frame.retry_after_ms ?? FIRST_WAIT);
    } else if (frame.code === 'unavailable') {
      this.#tries += 1;
      this.#pause(Math.max(frame.retry_after_ms ?? 0, Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#tries)));
    } else if (frame.code === 'not_joined') {
      this.close(); // the join that follows opens it again
    } else {
      Object.assign(entry, { state: 'failed', error: frame.message });
      this.#paint(entry);
      this.#save();
      this.#next();
    }
    return true;
  }

  /** Nothing here can be sent any more. */
  fail(why) {
    this.#over = true;
    this.close();
    for (const entry of this.#entries.filter((each) => each.state === 'pending')) {
      Object.assign(entry, { state: 'failed', error: why });
      this.#paint(entry);
    }
  }

  #next() {
    if (!this.#ready || this.#held || this.#asked) return;
    const entry = this.#entries.find((each) => each.state === 'pending');
    if (!entry || !this.send(entry)) return;
    this.#asked = entry;
    // Asking again is always safe: the key makes it the same message.
    this.#timer = setTimeout(() => {
      this.late();
      this.#release();
      this.#next();
    }, ANSWER_WITHIN);
  }

  #answered(entry) {
    this.#tries = 0;
    if (this.#asked === entry) {
      this.#release();
      this.#next();
    }
  }

  #pause(wait) {
    this.#held = true;
    this.#timer = setTimeout(() => {
      this.#held = false;
      this.#next();
    }, wait);
  }

  #release() {
    clearTimeout(this.#timer);
    this.#held = false;
    this.#asked = null;
  }

  #retry(entry) {
    Object.assign(entry, { state: 'pending', error: null });
    this.#paint(entry);
    this.#save();
    this.#next();
  }

  #find(key) {
    return key && this.#entries.find((entry) => entry.key === key);
  }

  #add(entry) {
    entry.article = el('article', { class: 'msg own', 'data-key': entry.key, tabindex: '-1' });
    this.#entries.push(entry);
    this.#paint(entry);
    this.hold(() => this.log.append(entry.article));
  }

  #remove(entry) {
    this.#entries = this.#entries.filter((each) => each !== entry);
    entry.article.remove();
    this.#save();
  }

  #repaint() {
    for (const entry of this.#entries) this.#paint(entry);
  }

  #paint(entry) {
    const { article, state } = entry;
    article.classList.toggle('pending', state === 'pending');
    article.classList.toggle('failed', state === 'failed');
    if (state === 'sent') article.dataset.id = entry.id;
    else delete article.dataset.id;
    const label = { pending: this.#ready ? 'sending' : 'waiting to be sent', failed: 'not sent', sent: 'sent' }[state];
    article.replaceChildren(face(this.me), el('div', { class: 'main' },
      el('header', {}, el('b', { class: 'author', dir: 'auto' }, nameOf(this.me)), el('time', {}, label)),
      entry.replyTo == null ? null : quote(entry.replyTo, this.log.get(entry.replyTo)),
      el('div', { class: 'body plain', dir: 'auto' }, entry.body),
      state === 'failed' ? this.#why(entry) : null));
  }

  #why(entry) {
    const button = (text, act) => {
      const made = el('button', { type: 'button', class: 'link' }, text);
      made.addEventListener('click', () => act());
      return made;
    };
    return el('p', { class: 'why', role: 'alert' }, `${entry.error ?? 'It could not be sent.'} `,
      ...this.#over ? [] : [button('Try again', () => this.#retry(entry)), ' '],
      button('Discard', () => this.#remove(entry)));
  }

  #load() {
    try {
      return JSON.parse(sessionStorage.getItem(this.store)) ?? [];
    } catch {
      return [];
    }
  }

  #save() {
    const kept = this.#entries.filter((entry) => entry.state !== 'sent')
      .map(({ key, body, replyTo, state, error }) => ({ key, body, replyTo, state, error }));
    try {
      if (kept.length) sessionStorage.setItem(this.store, JSON.stringify(kept));
      else sessionStorage.removeItem(this.store);
    } catch {
      // Storage that is full or forbidden costs the safety over a reload, nothing else.
    }
  }
}
