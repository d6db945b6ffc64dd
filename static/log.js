import { $, el, setText } from './dom.js';
import { dayLabel, dayOf } from './time.js';
import { continues, fillQuote, newArticle, paint } from './message.js';

const KEEP = 600; // articles in the page while it follows the newest

export const dayLine = (date) => el('div', { class: 'day', 'data-day': date.toISOString() }, el('span', {}, dayLabel(date)));

const facts = (message) => ({ author: message.author.id, sent: new Date(message.sent_at), reply: message.reply_to != null });

/**
 * The messages of the room in the order of their ids. Of two states of one message the higher `seq` stays.
 * Whatever has a `data-key` in the list is not stored yet, belongs to the outbox and stays at the end.
 */
export class Log {
  more = false; // older ones exist than are loaded
  #messages = new Map();
  #articles = new Map();
  #order = []; // ids, rising
  #quoted = new Map(); // id → message that is quoted but not loaded, or null while it is asked for
  #passed = null; // while older ones are asked for: changes to messages below the loaded ones
  #readTo = Infinity; // what had been read at opening
  #fresh = null; // id under the line "New"
  #tail = document.createComment('');

  constructor(list, { me, name, askFor }) {
    this.list = list;
    this.me = me;
    this.name = name;
    this.askFor = askFor;
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

  lastOwn() {
    const id = this.#order.findLast((each) => this.#mine(each) && !this.#messages.get(each).deleted);
    return id === undefined ? null : this.#messages.get(id);
  }

  /** Throws away what there was. */
  reset(messages, more, readTo = this.#readTo) {
    this.#messages.clear();
    this.#articles.clear();
    this.#order = [];
    this.#passed = null;
    for (const child of [...this.list.children]) if (child !== this.start && !child.dataset.key) child.remove();
    this.more = more;
    this.#readTo = readTo;
    this.#fresh = null;
    for (const message of messages) this.#put(message);
    this.#findFresh();
    this.#arrangeAll();
    this.#drawStart();
  }

  /** One message's newer state; true where it is one that was not there before. */
  put(message) {
    const isNew = this.#put(message);
    if (isNew) this.#arrangeFrom(this.#place(message.id), 2);
    if (isNew && this.#order.length === 1) this.#drawStart();
    return isNew;
  }

  /** Call before asking for older messages: changes to those pass by in the meantime. */
  awaitOlder() {
    this.#passed = new Map();
    setText(this.start, 'Loading older messages…');
  }

  olderFailed() {
    this.#passed = null;
    this.#drawStart();
  }

  prepend(messages, more) {
    this.more = more;
    const passed = this.#passed ?? new Map();
    this.#passed = null;
    for (const message of messages) {
      const change = passed.get(message.id);
      this.#put(change && change.seq > message.seq ? change : message, true);
    }
    this.#findFresh();
    this.#arrangeFrom(0, messages.length + 1);
    this.#drawStart();
  }

  /** Lets go of the oldest ones, so that a page left open for weeks does not grow for weeks. */
  trim() {
    if (this.#order.length <= KEEP) return;
    for (const id of this.#order.splice(0, this.#order.length - KEEP / 2)) {
      this.#lead(this.#articles.get(id)).forEach((line) => line.remove());
      this.#articles.get(id).remove();
      this.#articles.delete(id);
      this.#messages.delete(id);
      if (id === this.#fresh) this.#fresh = null;
    }
    this.more = true;
    this.#arrangeFrom(0, 1);
    this.#drawStart();
  }

  /** The line "New" above this message, or nowhere. */
  markFresh(id) {
    const before = this.#fresh;
    this.#fresh = id;
    if (before !== null && this.#articles.has(before)) this.#arrangeFrom(this.#place(before), 1);
    if (id !== null) this.#arrangeFrom(this.#place(id), 1);
  }

  /** Where an article of the outbox goes. */
  append(article) {
    this.list.append(article);
    this.#drawStart();
  }

  quotedBy(message) {
    if (message.reply_to == null) return undefined;
    return this.#messages.get(message.reply_to) ?? this.#quoted.get(message.reply_to) ?? undefined;
  }

  /** The answer to `askFor`: a message that is quoted but not loaded. */
  putQuoted(message) {
    this.#quoted.set(message.id, message);
    this.#refreshQuotes(message);
  }

  #put(message, older = false) {
    const known = this.#messages.get(message.id);
    if (known && known.seq >= message.seq) return false;
    if (!known && !older && this.more && this.#order.length && message.id < this.#order[0]) {
      this.#passed?.set(message.id, message);
      if (this.#quoted.has(message.id)) this.putQuoted(message);
      return false;
    }
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
  }

  #paint(message) {
    const quoted = this.quotedBy(message);
    if (message.reply_to != null && !quoted && !message.deleted && !this.#quoted.has(message.reply_to)) {
      this.#quoted.set(message.reply_to, null);
      this.askFor(message.reply_to);
    }
    paint(this.#articles.get(message.id), message, { me: this.me, quoted });
  }

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

  #findFresh() {
    const id = this.#order.find((each) => each > this.#readTo && !this.#mine(each) && !this.#messages.get(each).deleted);
    if (id !== undefined) this.markFresh(id);
  }

  // The lines that stand directly above an article.
  #lead(article) {
    const lines = [];
    for (let line = article.previousElementSibling; line?.matches('.day, .fresh'); line = line.previousElementSibling) lines.unshift(line);
    return lines;
  }

  #arrangeAll() {
    this.#arrangeFrom(0, this.#order.length);
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
    if (fresh) article.before(el('div', { class: 'fresh' }, el('span', {}, 'New')));
    article.classList.toggle('cont', !newDay && !fresh && continues(facts(message), facts(above)));
  }

  #drawStart() {
    const empty = !this.#order.length && !this.list.querySelector('[data-key]');
    const begins = `This is where ${this.name} begins.`;
    setText(this.start, this.more ? 'Older messages come as you scroll up.' : empty ? `${begins} Say hello.` : begins);
    this.start.classList.toggle('empty', empty);
  }

  // "Today" becomes "Yesterday" at midnight.
  #relabel() {
    for (const line of this.list.querySelectorAll('.day')) setText(line.firstChild, dayLabel(new Date(line.dataset.day)));
  }
}
