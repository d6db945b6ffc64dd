import { $, el, setText } from '../core/dom.js';
import { dayLabel, dayOf } from '../core/time.js';
import { continues, fillQuote, newArticle, paint } from '../message/message.js';
import { t } from '../core/text.js';

const MOST = 400; // messages in the list
const KEPT = 300; // of those, when there were more

export const dayLine = (date) => el('div', { class: 'day', 'data-day': date.toISOString() }, el('span', {}, dayLabel(date)));

const facts = (message) => ({ author: message.author.id, sent: new Date(message.sent_at), reply: message.reply_to != null });

/**
 * A part of the room's messages without a gap, in the order of their ids. Of two states of one message the higher `seq` stays.
 * Whatever has a `data-key` in the list is not stored yet, belongs to the outbox and stays at the end.
 */
export class Log {
  more = false; // older ones exist than are in the list
  newer = false; // newer ones exist than are in the list
  stale = false; // the list is of before, and will be replaced
  #messages = new Map();
  #articles = new Map();
  #order = []; // ids, rising
  #quoted = new Map(); // id → message that is quoted but not in the list, or null while it is asked for
  #heard = null; // while a page is asked for: states of messages that came meanwhile
  #latest = 0; // the highest id that was heard of
  #readTo = Infinity; // what had been read at opening
  #fresh = null; // id under the line "New"
  #waiting = false; // for older ones
  #tail = document.createComment('');

  /** `askFor(id)`: a message that is quoted; `added(article)`. */
  constructor(list, { me, name, askFor, added }) {
    Object.assign(this, { list, me, name, askFor, added });
    this.start = $('#start', list);
    list.append(this.#tail);
    setInterval(() => this.#relabel(), 60_000);
  }

  get newest() {
    return this.#order.at(-1) ?? 0;
  }

  get oldest() {
    return this.#order[0] ?? null;
  }

  get(id) {
    return this.#messages.get(id);
  }

  article(id) {
    return this.#articles.get(id);
  }

  /** The first message that was sent then or later, or else the last. */
  since(time) {
    return this.#articles.get(this.#order.find((id) => new Date(this.#messages.get(id).sent_at) >= time) ?? this.newest);
  }

  lastOwn() {
    const id = this.#order.findLast((each) => this.#mine(each) && !this.#messages.get(each).deleted);
    return id === undefined ? null : this.#messages.get(id);
  }

  /** The room's end, and how far it was read. What there was is thrown away. */
  reset(messages, more, readTo = this.#readTo) {
    this.#readTo = readTo;
    this.#fresh = null;
    this.#heard = null;
    this.#latest = 0;
    this.replace(messages, more, false);
    this.#readAll();
  }

  /** What is in the list is of before: it stays to be looked at until it is replaced. */
  expire(latest, readTo = this.#readTo) {
    this.#readTo = readTo;
    this.#fresh = null;
    this.#heard = null; // numbers may have been given twice
    this.#latest = latest;
    this.stale = true;
    this.#readAll();
  }

  /** Another part of the room. */
  replace(messages, more, newer) {
    const focused = this.list.contains(document.activeElement) && document.activeElement.closest('.msg')?.id;
    this.#quoted.clear();
    this.#messages.clear();
    this.#articles.clear();
    this.#order = [];
    for (const child of [...this.list.children]) if (child !== this.start && !child.dataset.key) child.remove();
    this.stale = false;
    this.more = more;
    this.#take(messages, newer);
    this.#arrangeFrom(0, this.#order.length);
    if (focused) $(`#${focused}`, this.list)?.focus({ preventScroll: true });
  }

  /** Those before the oldest, if it still is. */
  addOlder(oldest, messages, more, anchor) {
    if (this.oldest !== oldest) return this.settle();
    this.more = more;
    this.#take(messages, this.newer);
    this.#arrangeFrom(0, messages.length + 1);
    this.trim(anchor);
  }

  /** Those after the newest, if it still is. */
  addNewer(newest, messages, newer, anchor) {
    if (this.newest !== newest) return this.settle();
    const at = this.#order.length;
    this.#take(messages, newer);
    this.#arrangeFrom(at, this.#order.length);
    this.trim(anchor);
  }

  /** One message's newer state; true where it is one that was not there before, whether or not the list has a place for it. */
  put(message) {
    const { id } = message;
    const isLater = id > this.#latest;
    this.#latest = Math.max(id, this.#latest);
    this.#heard?.set(id, message);
    if (this.stale || (this.newer && id > this.newest) || (this.more && this.#order.length && id < this.oldest)) {
      if (this.#quoted.has(id)) this.putQuoted(message);
      return isLater;
    }
    const isNew = this.#put(message);
    if (isNew) this.#arrangeFrom(this.#place(id), 2);
    if (isNew && this.#order.length === 1) this.#drawEdges();
    return isNew;
  }

  /** A page was asked for: what comes meanwhile may be newer than it. */
  listen() {
    this.#heard ??= new Map();
  }

  /** No page is awaited. */
  settle() {
    this.#heard = null;
    this.waits(false);
  }

  /** Whether older ones are on their way. */
  waits(whether) {
    this.#waiting = whether;
    this.#drawEdges();
  }

  /** Lets go of what is far from this article, or else from the end, so that a page left open for weeks does not grow for weeks. */
  trim(anchor) {
    const excess = this.#order.length - KEPT;
    if (this.#order.length <= MOST) return;
    const above = this.#place(Number(anchor?.dataset.id) || this.newest) > this.#order.length / 2;
    for (const id of above ? this.#order.splice(0, excess) : this.#order.splice(-excess)) {
      this.#lead(this.#articles.get(id)).forEach((line) => line.remove());
      this.#articles.get(id).remove();
      this.#articles.delete(id);
      this.#messages.delete(id);
      if (id === this.#fresh) this.#fresh = null;
    }
    const quoted = new Set([...this.#messages.values()].map((message) => message.reply_to));
    for (const id of this.#quoted.keys()) if (!quoted.has(id)) this.#quoted.delete(id);
    if (above) this.more = true;
    else this.newer = true;
    this.#arrangeFrom(0, 1);
    this.#drawEdges();
  }

  /** So far it was read: what comes next is new. */
  readFrom(readTo) {
    this.markFresh(null);
    this.#readTo = readTo;
    this.#findFresh();
  }

  /** The line "New" above this message, or nowhere. */
  markFresh(id) {
    const before = this.#fresh;
    this.#fresh = id;
    if (id === null) this.#readTo = Infinity;
    for (const each of [before, id]) if (this.#articles.has(each)) this.#arrangeFrom(this.#place(each), 1);
  }

  /** Where an article of the outbox goes. */
  append(article) {
    this.list.append(article);
    this.#drawEdges();
  }

  quotedBy(message) {
    if (message.reply_to == null) return undefined;
    return this.#messages.get(message.reply_to) ?? this.#quoted.get(message.reply_to) ?? undefined;
  }

  /** The answer to `askFor`: a message that is quoted but not in the list. */
  putQuoted(message) {
    this.#quoted.set(message.id, message);
    this.#refreshQuotes(message);
  }

  // A page that was asked for, and what is newer than it; beyond its end only where that is the room's.
  #take(messages, newer) {
    const heard = this.#heard ?? new Map();
    this.#heard = null;
    this.#waiting = false;
    this.newer = newer;
    for (const message of messages) {
      const later = heard.get(message.id);
      this.#put(later?.seq > message.seq ? later : message);
    }
    const end = this.newest;
    if (!newer) for (const [id, message] of heard) if (id > end) this.#put(message);
    this.#latest = Math.max(this.newest, this.#latest);
    this.#findFresh();
    this.#drawEdges();
  }

  #put(message) {
    const known = this.#messages.get(message.id);
    if (known && known.seq >= message.seq) return false;
    this.#messages.set(message.id, message);
    if (!known) this.#insert(message);
    this.#paint(message);
    this.#refreshQuotes(message);
    return !known;
  }

  #insert(message) {
    const article = newArticle(message);
    const at = this.#place(message.id);
    const next = this.#articles.get(this.#order[at]);
    this.#order.splice(at, 0, message.id);
    this.#articles.set(message.id, article);
    this.list.insertBefore(article, next ? this.#lead(next)[0] ?? next : this.#tail);
    this.added(article);
  }

  #paint(message) {
    const quoted = this.quotedBy(message);
    if (message.reply_to != null && !quoted && !message.deleted && !this.#quoted.has(message.reply_to)) {
      this.#quoted.set(message.reply_to, null);
      this.askFor(message.reply_to);
    }
    paint(this.#articles.get(message.id), message, { me: this.me, quoted });
  }

  // A quote repeats what its source says now.
  #refreshQuotes(message) {
    for (const node of this.list.querySelectorAll(`.quote[data-to="${Number(message.id)}"]`)) {
      fillQuote(node, message);
      const reply = this.#messages.get(Number(node.closest('.msg').dataset.id));
      if (reply && message.author.id === this.me.id && reply.author.id !== this.me.id) node.closest('.msg').classList.add('mention');
    }
  }

  #place(id) {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order[middle] < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #mine(id) {
    return this.#messages.get(id).author.id === this.me.id;
  }

  // Where nothing was unread at opening, what comes later is no news of that time.
  #readAll() {
    if (this.#latest <= this.#readTo) this.#readTo = Infinity;
  }

  // Only where what was read last is in the list too is its next one the first.
  #findFresh() {
    if (this.#fresh !== null || (this.more && this.oldest > this.#readTo)) return;
    const id = this.#order.find((each) => each > this.#readTo && !this.#mine(each) && !this.#messages.get(each).deleted);
    if (id !== undefined) this.markFresh(id);
  }

  // The lines that stand directly above an article.
  #lead(article) {
    const lines = [];
    for (let line = article.previousElementSibling; line?.matches('.day, .fresh'); line = line.previousElementSibling) lines.unshift(line);
    return lines;
  }

  // How an article looks depends on the one above it alone.
  #arrangeFrom(at, count) {
    for (let i = at; i < Math.min(at + count, this.#order.length); i += 1) this.#arrange(i);
  }

  #arrange(at) {
    const message = this.#messages.get(this.#order[at]);
    const above = at ? this.#messages.get(this.#order[at - 1]) : null;
    const article = this.#articles.get(message.id);
    const sent = new Date(message.sent_at);
    this.#lead(article).forEach((line) => line.remove());
    const newDay = !above || dayOf(new Date(above.sent_at)) !== dayOf(sent);
    const fresh = message.id === this.#fresh;
    if (newDay) article.before(dayLine(sent));
    if (fresh) article.before(el('div', { class: 'fresh' }, el('span', {}, t('messages.new'))));
    article.classList.toggle('cont', !newDay && !fresh && continues(facts(message), facts(above)));
  }

  #drawEdges() {
    const empty = !this.#order.length && !this.list.querySelector('[data-key]');
    const key = this.#waiting ? 'messages.loading' : this.more ? 'messages.older' : empty ? 'messages.empty' : 'messages.start';
    setText(this.start, t(key, { room: this.name }));
    this.start.classList.toggle('empty', empty);
    this.list.classList.toggle('apart', this.newer);
  }

  // "Today" becomes "Yesterday" at midnight.
  #relabel() {
    for (const line of this.list.querySelectorAll('.day')) setText(line.firstChild, dayLabel(new Date(line.dataset.day)));
  }
}
