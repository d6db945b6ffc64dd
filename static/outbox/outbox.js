import { el } from '../core/dom.js';
import { face, nameOf } from '../people/avatars.js';
import { Mail } from './sender.js';
import { quote } from '../message/message.js';
import { t } from '../core/text.js';

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
 * How what was written in the open room, in any tab, and is not yet known to be there shows at the end of the list. Mail has
 * the messages and sends them; one that was sent stands here until it comes as a message.
 */
export class Outbox {
  #entries = []; // { key, body, replyTo, joins, state: pending | failed | sent, id, error, article, adding }
  #settled = new Set(); // keys of messages that came: the store may still have them
  #online = false;
  #over = null;

  /** `cursor()` is that of the room, `log` is where they show; `forgotten()`: all was wiped, by logging out. */
  constructor({ me, room, cursor, log, hold, forgotten }) {
    Object.assign(this, { me, room, cursor, log, hold, forgotten });
    this.mail = new Mail(me.id, (news) => this.#hear(news));
    this.#read();
  }

  /** `joins`: the room was never joined, and takes messages of its members alone. */
  post(body, replyTo, joins) {
    this.#send({ key: uuid(), body, replyTo, joins });
  }

  hurry() {
    this.mail.hurry();
  }

  /** The room is joined and caught up. */
  open() {
    this.#online = true;
    for (const entry of this.#entries.filter(({ state }) => state === 'sent')) this.#sent(entry, entry.id);
    this.#repaint();
  }

  /** The list was made anew, of these messages. What was sent and is not among them may be older, or lost: its key tells. */
  renew(messages) {
    for (const message of messages) this.settle(message);
    for (const entry of this.#entries.filter(({ state }) => state === 'sent')) {
      this.#remove(entry);
      this.#send(entry);
    }
  }

  close() {
    this.#online = false;
    this.#repaint();
  }

  /** A message came; true where it was one of these. */
  settle(message) {
    const entry = message.author.id === this.me.id && this.#find(message.key);
    if (!entry) return false;
    this.#settled.add(entry.key);
    this.#remove(entry);
    this.mail.remove(this.room, entry.key);
    return true;
  }

  /** Nothing here can be sent any more. */
  fail(why) {
    this.#over = why;
    this.#repaint();
  }

  async #send({ key, body, replyTo, joins = false }) {
    const entry = { key, body, replyTo, joins, state: 'pending', adding: true };
    this.#add(entry);
    await this.mail.post({ room: this.room, key, body, replyTo, joins });
    entry.adding = false;
    this.#paint(entry);
  }

  #hear({ room, key, id, over }) {
    if (over) {
      this.hold(() => this.#entries.forEach((entry) => this.#remove(entry)));
      this.forgotten();
    } else if (room === this.room) id ? this.#sent(this.#find(key), id) : this.#read();
  }

  #sent(entry, id) {
    if (!entry) return;
    // Given to this page before the cursor: then it is above, or too old to be.
    if (this.log.get(id) || id <= this.cursor()) return this.hold(() => this.#remove(entry));
    Object.assign(entry, { state: 'sent', id });
    this.#paint(entry);
  }

  async #read() {
    const stored = (await this.mail.entries(this.room)).filter(({ key }) => !this.#settled.has(key));
    this.hold(() => {
      for (const given of stored) {
        const entry = this.#find(given.key);
        if (!entry) this.#add(given);
        else if (entry.state !== 'sent' && entry.state !== given.state) this.#paint(Object.assign(entry, given));
      }
      const kept = new Set(stored.map(({ key }) => key));
      for (const entry of this.#entries) if (!kept.has(entry.key) && entry.state !== 'sent' && !entry.adding) this.#remove(entry);
    });
  }

  #find(key) {
    return this.#entries.find((entry) => entry.key === key);
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
  }

  #repaint() {
    for (const entry of this.#entries) this.#paint(entry);
  }

  #paint(entry) {
    const { article } = entry;
    const state = this.#over && entry.state === 'pending' ? 'failed' : entry.state;
    article.ariaBusy = String(Boolean(entry.adding)); // until it is stored
    article.classList.toggle('pending', state === 'pending');
    article.classList.toggle('failed', state === 'failed');
    if (state === 'sent') article.dataset.id = entry.id;
    else delete article.dataset.id;
    const label = t(`outbox.${state === 'pending' && !this.#online ? 'waiting' : state}`);
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
    return el('p', { class: 'why', role: 'alert' }, `${this.#over ?? entry.error ?? t('outbox.why')} `,
      ...this.#over ? [] : [button(t('outbox.again'), () => this.mail.release(this.room, entry.key)), ' '],
      button(t('outbox.discard'), () => this.mail.remove(this.room, entry.key)));
  }
}
