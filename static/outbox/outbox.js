import { $, el } from '../core/dom.js';
import { t } from '../core/text.js';
import { quote, settle } from '../message/message.js';
import { face, nameOf } from '../people/avatars.js';

/** @import { Entry, News } from './storage.js' */

/**
 * @typedef {object} Shown one that is shown here
 * @property {string} key
 * @property {string} body
 * @property {number | null} replyTo
 * @property {boolean} joins
 * @property {'pending' | 'failed' | 'sent'} state
 * @property {HTMLElement} article
 * @property {string | null} [error] why it failed
 * @property {number} [id] of the message, once it was sent
 * @property {boolean} [adding] it is not stored yet
 */

/** A version 4 UUID; plain http on a network address has no `crypto.randomUUID`. */
export function uuid() {
	if (crypto.randomUUID) return crypto.randomUUID();
	const random = () => crypto.getRandomValues(new Uint8Array(1))[0];
	return '00000000-0000-4000-8000-000000000000'.replace(/[08]/g, (digit) =>
		(digit === '8' ? 8 + (random() & 3) : random() & 15).toString(16),
	);
}

/**
 * How what was written in a room, in any tab, and is not yet known to be there shows at the end of its list. The sender has
 * the messages and sends them; one that was sent stands here until it comes as a message.
 */
export class Outbox {
	/** @type {Shown[]} */
	#shown = [];
	/** @type {Set<string>} */
	#settled = new Set(); // keys of messages that came: they may still be stored
	#online = false;
	/** @type {string | null} */
	#over = null;
	#sender;
	#me;
	#room;
	#roomId;
	#list;
	#cursor;
	#hold;
	#onWiped;

	/**
	 * @param {object} options
	 * @param {import('./sender.js').Sender} options.sender
	 * @param {Wire.User} options.me
	 * @param {{ slug: string, id: number }} options.room
	 * @param {{ get: (id: number) => Wire.Message | undefined, append: (article: HTMLElement) => void }} options.list where they show
	 * @param {() => number} options.cursor that of the room
	 * @param {(change: () => void) => void} options.hold
	 * @param {() => void} options.onWiped all was wiped, by logging out
	 * @param {AbortSignal} options.signal the room is closed
	 */
	constructor({ sender, me, room, list, cursor, hold, onWiped, signal }) {
		this.#sender = sender;
		this.#me = me;
		this.#room = room.slug;
		this.#roomId = room.id;
		this.#list = list;
		this.#cursor = cursor;
		this.#hold = hold;
		this.#onWiped = onWiped;
		sender.listen((news) => this.#hear(news), signal);
		this.#read();
	}

	/**
	 * @param {string} body
	 * @param {number | null} replyTo
	 * @param {boolean} [joins] the room was never joined, and takes messages of its members alone
	 */
	post(body, replyTo, joins = false) {
		this.#send({ key: uuid(), body, replyTo, joins });
	}

	/** The room is joined and caught up. */
	open() {
		this.#online = true;
		for (const shown of this.#shown) if (shown.id !== undefined) this.#sent(shown, shown.id);
		this.#repaint();
	}

	/**
	 * The list was made anew, of these messages. What was sent and is not among them may be older, or lost: its key tells.
	 * @param {Wire.Message[]} messages
	 */
	renew(messages) {
		for (const message of messages) this.settle(message);
		for (const shown of this.#shown.filter(({ state }) => state === 'sent')) {
			this.#remove(shown);
			this.#send(shown);
		}
	}

	close() {
		this.#online = false;
		this.#repaint();
	}

	/**
	 * A message came; true where it was one of these.
	 * @param {Pick<Wire.Message, 'author' | 'key'>} message
	 */
	settle({ author, key }) {
		const shown = author.id === this.#me.id && this.#find(key);
		if (!shown) return false;
		this.#settled.add(shown.key);
		this.#remove(shown);
		this.#sender.remove(this.#room, shown.key);
		return true;
	}

	/**
	 * Nothing here can be sent any more.
	 * @param {string} why
	 */
	fail(why) {
		this.#over = why;
		this.#repaint();
	}

	/** @param {Pick<Shown, 'key' | 'body' | 'replyTo' | 'joins'>} written */
	async #send({ key, body, replyTo, joins }) {
		const shown = this.#add({ key, body, replyTo, joins, state: 'pending', adding: true });
		await this.#sender.post({ room: this.#room, roomId: this.#roomId, key, body, replyTo, joins });
		shown.adding = false;
		this.#paint(shown);
	}

	/** @param {News} news */
	#hear(news) {
		if (news.over) {
			this.#hold(() => {
				for (const shown of [...this.#shown]) this.#remove(shown);
			});
			this.#onWiped();
		} else if (news.room !== this.#room) {
			// Another room's outbox shows it.
		} else if (news.key && news.id) {
			const shown = this.#find(news.key);
			if (shown) this.#sent(shown, news.id);
		} else this.#read();
	}

	/**
	 * @param {Shown} shown
	 * @param {number} id
	 */
	#sent(shown, id) {
		// Given to this page before the cursor: then it is above, or too old to be.
		if (this.#list.get(id) || id <= this.#cursor()) {
			this.#hold(() => this.#remove(shown));
			return;
		}
		shown.state = 'sent';
		shown.id = id;
		this.#paint(shown);
	}

	async #read() {
		const stored = (await this.#sender.entries(this.#room)).filter(({ key }) => !this.#settled.has(key));
		this.#hold(() => {
			for (const entry of stored) {
				const shown = this.#find(entry.key);
				if (!shown) this.#add(entry);
				else if (shown.state !== 'sent' && shown.state !== entry.state) {
					shown.state = entry.state;
					shown.error = entry.error;
					this.#paint(shown);
				}
			}
			const kept = new Set(stored.map(({ key }) => key));
			for (const shown of [...this.#shown])
				if (!kept.has(shown.key) && shown.state !== 'sent' && !shown.adding) this.#remove(shown);
		});
	}

	/** @param {string} key */
	#find(key) {
		return this.#shown.find((shown) => shown.key === key);
	}

	/** @param {Omit<Shown, 'article'> | Entry} entry */
	#add({ key, body, replyTo, joins, state, error, ...rest }) {
		const attributes = { class: 'msg own', 'data-key': key, tabindex: '-1' };
		const article = el('article', attributes, face(this.#me), el('div', { class: 'main' }));
		/** @type {Shown} */
		const shown = { key, body, replyTo, joins, state, error, article, adding: 'adding' in rest && rest.adding };
		this.#shown.push(shown);
		this.#paint(shown);
		this.#hold(() => this.#list.append(article));
		return shown;
	}

	/** @param {Shown} shown */
	#remove(shown) {
		this.#shown = this.#shown.filter((each) => each !== shown);
		shown.article.remove();
	}

	#repaint() {
		for (const shown of this.#shown) this.#paint(shown);
	}

	/** @param {Shown} shown */
	#paint(shown) {
		const { article } = shown;
		const state = this.#over && shown.state === 'pending' ? 'failed' : shown.state;
		article.ariaBusy = String(Boolean(shown.adding)); // until it is stored
		article.classList.toggle('pending', state === 'pending');
		article.classList.toggle('failed', state === 'failed');
		if (state === 'sent') article.dataset.id = String(shown.id);
		else delete article.dataset.id;
		const label = t(`outbox.${state === 'pending' && !this.#online ? 'waiting' : state}`);
		const header = el('header', {}, el('b', { class: 'author', dir: 'auto' }, nameOf(this.#me)), el('time', {}, label));
		settle($('.main', article), [
			header,
			...(shown.replyTo == null ? [] : [quote(shown.replyTo, this.#list.get(shown.replyTo))]),
			el('div', { class: 'body plain', dir: 'auto' }, shown.body),
			...(state === 'failed' ? [this.#why(shown)] : []),
		]);
	}

	/** @param {Shown} shown */
	#why(shown) {
		const why = el('p', { class: 'why', role: 'alert' });
		import('./why.js').then(({ explain }) =>
			explain(why, {
				text: this.#over ?? shown.error,
				again: this.#over ? null : () => this.#sender.retry(this.#room, this.#roomId, shown.key),
				discard: () => this.#sender.remove(this.#room, shown.key),
			}),
		);
		return why;
	}
}
