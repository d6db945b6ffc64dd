import { $, all, closest, el, maybe, setText } from '../core/dom.js';
import { t } from '../core/text.js';
import { dayLabel, dayOf } from '../core/time.js';
import { dayLine } from '../message/day-line.js';
import { continues, newArticle, paint } from '../message/message.js';
import { Quotes } from './quotes.js';

/** @typedef {HTMLElement | null} Anchor the article that the reader looks at, where that is not the end */

const MOST = 400; // messages in the list
const KEPT = 300; // of those, when there were more

/**
 * @param {Wire.Message} message
 * @returns {import('../message/message.js').Facts}
 */
const factsOf = (message) => ({
	author: message.author.id,
	sent: new Date(message.sent_at),
	reply: message.reply_to != null,
});

/**
 * A part of the room's messages without a gap, in the order of their ids. Of two states of one message the higher `seq` stays.
 * Whatever has a `data-key` in the list is not stored yet, belongs to the outbox and stays at the end.
 */
export class MessageList {
	more = false; // older ones exist than are in the list
	newer = false; // newer ones exist than are in the list
	stale = false; // the list is out of date, and will be replaced
	/** @type {Map<number, Wire.Message>} */
	#messages = new Map();
	/** @type {Map<number, HTMLElement>} */
	#articles = new Map();
	/** @type {number[]} */
	#order = []; // ids, rising
	/** @type {Map<number, Wire.Message> | null} */
	#heard = null; // while a page is asked for: states of messages that came meanwhile
	#latest = 0; // the highest id that was heard of
	#readTo = Infinity; // what had been read at opening
	/** @type {number | null} */
	#fresh = null; // id under the line "New"
	#waiting = false; // for older ones
	#tail = document.createComment('');
	#start;
	#quotes;
	#reader;
	#name;
	#added;

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.root
	 * @param {import('../message/message.js').Reader} options.reader
	 * @param {string} options.name that of the room
	 * @param {(id: number) => void} options.askFor a message that is quoted
	 * @param {(article: HTMLElement) => void} options.added
	 * @param {AbortSignal} options.signal the room is closed
	 */
	constructor({ root, reader, name, askFor, added, signal }) {
		this.root = root;
		this.#reader = reader;
		this.#name = name;
		this.#quotes = new Quotes({ root, me: reader.me.id, get: (id) => this.get(id), askFor });
		this.#added = added;
		this.#start = $('.start', root);
		this.more = root.dataset.more !== undefined;
		root.append(this.#tail);
		const timer = setInterval(() => this.#relabel(), 60_000);
		signal.addEventListener('abort', () => clearInterval(timer));
	}

	get newest() {
		return this.#order.at(-1) ?? 0;
	}

	get oldest() {
		return this.#order[0] ?? null;
	}

	/** @param {number} id */
	get(id) {
		return this.#messages.get(id);
	}

	/** @param {number} id */
	article(id) {
		return this.#articles.get(id);
	}

	/**
	 * The first message that was sent then or later, or else the last.
	 * @param {Date} time
	 */
	since(time) {
		const id = this.#order.find((each) => new Date(this.#message(each).sent_at) >= time);
		return this.#articles.get(id ?? this.newest);
	}

	lastOwn() {
		const id = this.#order.findLast((each) => this.#isMine(each) && !this.#message(each).deleted);
		return id === undefined ? null : this.#message(id);
	}

	/**
	 * The room's end, and how far it was read. What there was is thrown away.
	 * @param {Wire.Message[]} messages
	 * @param {boolean} more
	 * @param {number} [readTo]
	 */
	reset(messages, more, readTo = this.#readTo) {
		this.#readTo = readTo;
		this.#fresh = null;
		this.#heard = null;
		this.#latest = 0;
		this.replace(messages, more, false);
		this.#readAll();
	}

	/**
	 * The list is out of date: it stays to be looked at until it is replaced.
	 * @param {number} latest
	 * @param {number} [readTo]
	 */
	expire(latest, readTo = this.#readTo) {
		this.#readTo = readTo;
		this.#fresh = null;
		this.#heard = null; // numbers may have been given twice
		this.#latest = latest;
		this.stale = true;
		this.#readAll();
	}

	/**
	 * Another part of the room.
	 * @param {Wire.Message[]} messages
	 * @param {boolean} more
	 * @param {boolean} newer
	 */
	replace(messages, more, newer) {
		const { activeElement } = document;
		const focused = activeElement && this.root.contains(activeElement) && closest(activeElement, '.msg')?.id;
		const sought = maybe('.sought', this.root)?.id;
		this.#quotes.clear();
		this.#messages.clear();
		this.#articles.clear();
		this.#order = [];
		for (const child of all(':scope > :not(.start, [data-key])', this.root)) child.remove();
		this.stale = false;
		this.more = more;
		this.#take(messages, newer);
		this.#arrangeFrom(0, this.#order.length);
		if (sought) maybe(`#${sought}`, this.root)?.classList.add('sought');
		if (focused) maybe(`#${focused}`, this.root)?.focus({ preventScroll: true });
	}

	/**
	 * Those before the oldest, if it still is.
	 * @param {number | null} oldest
	 * @param {Wire.Message[]} messages
	 * @param {boolean} more
	 * @param {Anchor} anchor
	 */
	addOlder(oldest, messages, more, anchor) {
		if (this.oldest !== oldest) return this.settle();
		this.more = more;
		this.#take(messages, this.newer);
		this.#arrangeFrom(0, messages.length + 1);
		this.trim(anchor);
	}

	/**
	 * Those after the newest, if it still is.
	 * @param {number} newest
	 * @param {Wire.Message[]} messages
	 * @param {boolean} newer
	 * @param {Anchor} anchor
	 */
	addNewer(newest, messages, newer, anchor) {
		if (this.newest !== newest) return this.settle();
		const at = this.#order.length;
		this.#take(messages, newer);
		this.#arrangeFrom(at, this.#order.length);
		this.trim(anchor);
	}

	/**
	 * One message's newer state; true where it is one that was not there before, whether or not the list has a place for it.
	 * @param {Wire.Message} message
	 */
	put(message) {
		const { id } = message;
		const isLater = id > this.#latest;
		this.#latest = Math.max(id, this.#latest);
		this.#heard?.set(id, message);
		const isBefore = this.more && this.oldest !== null && id < this.oldest;
		if (this.stale || (this.newer && id > this.newest) || isBefore) {
			if (this.#quotes.has(id)) this.putQuoted(message);
			return isLater;
		}
		const isNew = this.#put(message);
		if (isNew) this.#arrangeFrom(this.#indexOf(id), 2);
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

	/** @param {boolean} whether older ones are on their way */
	waits(whether) {
		this.#waiting = whether;
		this.#drawEdges();
	}

	/**
	 * Lets go of what is far from this article, or else from the end, so that a page left open for weeks does not grow for
	 * weeks.
	 * @param {Anchor} anchor
	 */
	trim(anchor) {
		const excess = this.#order.length - KEPT;
		if (this.#order.length <= MOST) return;
		const above = this.#indexOf(Number(anchor?.dataset.id) || this.newest) > this.#order.length / 2;
		for (const id of above ? this.#order.splice(0, excess) : this.#order.splice(-excess)) {
			const article = this.#article(id);
			for (const line of this.#linesAbove(article)) line.remove();
			article.remove();
			this.#articles.delete(id);
			this.#messages.delete(id);
			if (id === this.#fresh) this.#fresh = null;
		}
		this.#quotes.keep(new Set([...this.#messages.values()].map((message) => message.reply_to)));
		if (above) this.more = true;
		else this.newer = true;
		this.#arrangeFrom(0, 1);
		this.#drawEdges();
	}

	/** @param {number} readTo so far it was read: what comes next is new */
	readFrom(readTo) {
		this.markFresh(null);
		this.#readTo = readTo;
		this.#findFresh();
	}

	/**
	 * The line "New" above this message, or nowhere.
	 * @param {number | null} id
	 */
	markFresh(id) {
		const before = this.#fresh;
		this.#fresh = id;
		if (id === null) this.#readTo = Infinity;
		for (const each of [before, id])
			if (each !== null && this.#articles.has(each)) this.#arrangeFrom(this.#indexOf(each), 1);
	}

	/** @param {HTMLElement} article one of the outbox, which goes to the end */
	append(article) {
		this.root.append(article);
		this.#drawEdges();
	}

	/** @param {Wire.Message} message */
	quotedBy(message) {
		return this.#quotes.of(message);
	}

	/** @param {Wire.Message} message the answer to `askFor` */
	putQuoted(message) {
		this.#quotes.put(message);
	}

	/** @param {number} id of one that is in the list */
	#message(id) {
		return /** @type {Wire.Message} */ (this.#messages.get(id));
	}

	/** @param {number} id of one that is in the list */
	#article(id) {
		return /** @type {HTMLElement} */ (this.#articles.get(id));
	}

	/**
	 * A page that was asked for, and what is newer than it; beyond its end only where that is the room's.
	 * @param {Wire.Message[]} messages
	 * @param {boolean} newer
	 */
	#take(messages, newer) {
		/** @type {Map<number, Wire.Message>} */
		const heard = this.#heard ?? new Map();
		this.#heard = null;
		this.#waiting = false;
		this.newer = newer;
		for (const message of messages) {
			const later = heard.get(message.id);
			this.#put(later && later.seq > message.seq ? later : message);
		}
		const end = this.newest;
		if (!newer) for (const [id, message] of heard) if (id > end) this.#put(message);
		this.#latest = Math.max(this.newest, this.#latest);
		this.#findFresh();
		this.#drawEdges();
	}

	/** @param {Wire.Message} message */
	#put(message) {
		const known = this.#messages.get(message.id);
		if (known && known.seq >= message.seq) return false;
		this.#messages.set(message.id, message);
		if (!known) this.#insert(message);
		paint(this.#article(message.id), message, this.#reader, this.#quotes.want(message));
		this.#quotes.refresh(message);
		return !known;
	}

	/** @param {Wire.Message} message */
	#insert(message) {
		const article = newArticle(message);
		const at = this.#indexOf(message.id);
		const next = this.#articles.get(this.#order[at]);
		this.#order.splice(at, 0, message.id);
		this.#articles.set(message.id, article);
		this.root.insertBefore(article, next ? (this.#linesAbove(next)[0] ?? next) : this.#tail);
		this.#added(article);
	}

	/** @param {number} id */
	#indexOf(id) {
		let low = 0;
		let high = this.#order.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.#order[middle] < id) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	/** @param {number} id */
	#isMine(id) {
		return this.#message(id).author.id === this.#reader.me.id;
	}

	// Where nothing was unread at opening, what comes later is no news of that time.
	#readAll() {
		if (this.#latest <= this.#readTo) this.#readTo = Infinity;
	}

	// Only where what was read last is in the list too is its next one the first.
	#findFresh() {
		if (this.#fresh !== null || (this.more && Number(this.oldest) > this.#readTo)) return;
		const isFresh = (/** @type {number} */ id) => id > this.#readTo && !this.#isMine(id) && !this.#message(id).deleted;
		const id = this.#order.find(isFresh);
		if (id !== undefined) this.markFresh(id);
	}

	/**
	 * The lines that stand directly above an article.
	 * @param {HTMLElement} article
	 */
	#linesAbove(article) {
		const lines = [];
		for (let line = article.previousElementSibling; line?.matches('.day, .fresh'); line = line.previousElementSibling)
			lines.unshift(line);
		return lines;
	}

	/**
	 * How an article looks depends on the one above it alone.
	 * @param {number} at
	 * @param {number} count
	 */
	#arrangeFrom(at, count) {
		for (let i = at; i < Math.min(at + count, this.#order.length); i += 1) this.#arrange(i);
	}

	/** @param {number} at */
	#arrange(at) {
		const message = this.#message(this.#order[at]);
		const above = at ? this.#message(this.#order[at - 1]) : null;
		const article = this.#article(message.id);
		const sent = new Date(message.sent_at);
		for (const line of this.#linesAbove(article)) line.remove();
		const newDay = !above || dayOf(new Date(above.sent_at)) !== dayOf(sent);
		const fresh = message.id === this.#fresh;
		if (newDay) article.before(dayLine(sent));
		if (fresh) article.before(el('div', { class: 'fresh' }, el('span', {}, t('messages.new'))));
		article.classList.toggle('cont', !newDay && !fresh && continues(factsOf(message), factsOf(above)));
	}

	#drawEdges() {
		const empty = maybe('.msg', this.root) === null;
		const end = this.more ? 'messages.older' : empty ? 'messages.empty' : 'messages.start';
		setText(this.#start, t(this.#waiting ? 'messages.loading' : end, { room: this.#name }));
		this.#start.classList.toggle('empty', empty);
		this.root.classList.toggle('apart', this.newer);
	}

	// "Today" becomes "Yesterday" at midnight.
	#relabel() {
		for (const line of all('.day', this.root)) setText($('span', line), dayLabel(new Date(line.dataset.day ?? '')));
	}
}
