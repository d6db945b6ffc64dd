import { Composer } from '../composer/composer.js';
import { isLookedAt, maybe, part, setText, targetOf } from '../core/dom.js';
import { isWanted } from '../core/notification-settings.js';
import { draftKey } from '../core/storage.js';
import { locale, t } from '../core/text.js';
import { hydrate } from '../message/hydrate.js';
import { Feed } from '../net/feed.js';
import { Outbox } from '../outbox/outbox.js';
import { nameOf } from '../people/avatars.js';
import { redraw } from '../people/names.js';
import { People } from '../people/people.js';
import { LazyActions } from './lazy-actions.js';
import { MessageList } from './message-list.js';
import { PendingEdits } from './pending-edits.js';
import { Places } from './places.js';
import { ReadMarker } from './read-marker.js';
import { Scroll } from './scroll.js';
import { StatusLine } from './status-line.js';

/**
 * @typedef {object} Page what the rooms of a page share
 * @property {Wire.User} me
 * @property {import('../net/socket.js').Socket} socket
 * @property {import('../outbox/sender.js').Sender} sender
 * @property {import('./room-list.js').RoomList} rooms
 */

/**
 * A room: its messages, its text box, its people, and what the socket says of it. It takes its page's socket and its place
 * in the document, and keeps all else to itself, so that a page can have several.
 */
export class Room {
	#isFirst = true; // nothing has come from the socket yet
	#closing = new AbortController();
	isOver = false; // the reader may no longer be here
	#page;
	#at;
	#actions;
	#status;
	#people;
	#feed;
	#scroll;
	#places;
	#pager;
	#readMarker;
	#outbox;
	#edits;

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.root
	 * @param {HTMLElement} options.aside where its people are listed
	 * @param {Page} options.page
	 * @param {string} options.slug
	 * @param {number} options.id of the room: another one may have its slug by now
	 * @param {string} options.name
	 * @param {Wire.RoomKind} options.kind
	 * @param {Wire.Powers} options.permissions what the reader may do here
	 * @param {boolean} options.archived it can only be read
	 * @param {number | null} options.at the message to show, or null for the end
	 */
	constructor({ root, aside, page, slug, id, name, kind, permissions, archived, at }) {
		this.root = root;
		this.aside = aside;
		this.slug = slug;
		this.id = id;
		this.name = name;
		this.kind = kind;
		this.me = page.me;
		this.permissions = permissions;
		this.archived = archived;
		this.#page = page;
		this.#at = at;
		this.#status = new StatusLine(part('status', root));
		this.#actions = new LazyActions(this);
		this.list = this.#makeList();
		this.#people = this.#makePeople(aside);
		this.#scroll = this.#makeScroll();
		this.#places = new Places({ room: this, scroll: this.#scroll, root });
		this.#pager = this.#places.pager;
		this.#readMarker = new ReadMarker({
			send: (seq) => page.socket.send({ type: 'read', room: slug, room_id: id, seq }),
			isReading: () => this.#isReading(),
			onSeen: () => page.rooms.seen(slug),
			signal: this.signal,
		});
		this.#feed = new Feed(page.socket, this, {
			fresh: (frame) => this.#fresh(frame),
			resumed: (frame) => this.#resumed(frame),
			changed: (messages, live) => this.#changed(messages, live),
			caughtUp: () => this.#caughtUp(),
		});
		this.#outbox = new Outbox({
			sender: page.sender,
			me: page.me,
			room: this,
			list: this.list,
			cursor: () => this.#feed.cursor,
			hold: (change) => this.#scroll.hold(change),
			onWiped: () => this.#end(t('room.logged-out')),
			signal: this.signal,
		});
		this.composer = this.#makeComposer();
		this.#edits = new PendingEdits({
			send: (edit) => this.request({ type: 'edit', room: slug, room_id: id, ...edit }),
			giveBack: (message) => this.composer.putBack(message),
		});
		if (archived) this.composer.disable(t('room_settings.archived'));
		part('star', root).addEventListener('click', () => {
			page.rooms.star(slug).catch((error) => this.say(error.message));
		});
	}

	/** Ends with the room. */
	get signal() {
		return this.#closing.signal;
	}

	/** Whether it is what the page shows: rooms that were shown before stay joined. */
	get isShown() {
		return this.root.isConnected;
	}

	/** Joined and caught up. */
	get joined() {
		return this.#feed.joined;
	}

	/** Whether something was begun here that is kept nowhere else. */
	get isUnfinished() {
		return this.composer.isUnfinished || maybe('.leaving', this.root) !== null;
	}

	/** Whether keys act on messages already: what does that is loaded with the first use. */
	get hearsKeys() {
		return this.#actions.areLoaded;
	}

	/** It was put into the page for the first time: what came with it gets its final look, and is where the reader wants to be. */
	show() {
		hydrate(this.list.root, this.#reader());
		const article = this.#at ? maybe(`#m-${this.#at}`, this.list.root) : null;
		if (article) {
			this.list.stale = true; // the page has a part of the room, whose end is not the room's
			this.#scroll.show(article);
		} else this.#scroll.toEnd();
	}

	/** It is about to be taken off the page. */
	leave() {
		this.#scroll.leave();
		this.#readMarker.leave();
	}

	/**
	 * It is in the page again, as it was left.
	 * @param {number | null} at a message that is looked for
	 */
	comeBack(at) {
		redraw(this.root);
		redraw(this.aside);
		this.restate();
		const unread = this.#page.rooms.unreadIn(this.slug);
		if (unread) this.#places.offerUnread(unread, this.#readMarker.told);
		if (at && this.joined) this.#scroll.leaveEnd();
		else this.#scroll.comeBack();
		this.#readMarker.update();
		if (!at) this.#pager.fill();
	}

	/** It is left for good. */
	close() {
		if (this.joined) this.#page.socket.send({ type: 'leave', room: this.slug });
		this.#feed.end();
		this.#people.lost();
		this.#closing.abort();
	}

	/**
	 * Tells the reader what became of something they did.
	 * @param {string} text
	 * @param {boolean} [isDone] it was done, and nothing is wrong
	 */
	say(text, isDone) {
		this.#status.say(text, isDone);
	}

	/**
	 * Sends a frame once the room is joined and caught up; false where it could not go out.
	 * @param {Wire.ClientFrame} frame
	 */
	send(frame) {
		return this.#feed.joined && this.#page.socket.send(frame);
	}

	/**
	 * Sends a change of a message, and says so where it could not go out. A refusal is said too.
	 * @param {Wire.ClientFrame} frame
	 */
	request(frame) {
		if (this.send({ ref: 'act', ...frame })) return true;
		this.say(t('offline.now'));
		return false;
	}

	/**
	 * Shows the first message of a day.
	 * @param {Date} date
	 */
	toDay(date) {
		this.#places.toDay(date);
	}

	/**
	 * Shows a message.
	 * @param {number} id
	 */
	seek(id) {
		this.#places.seek(id);
	}

	/** Some of its people have come, gone, or are back. */
	restate() {
		this.#people.restate();
	}

	/** @param {Wire.User[]} users who were made members from here */
	added(users) {
		this.#people.added(users);
		const names = new Intl.ListFormat(locale).format(users.map(nameOf));
		if (users.length) this.say(t('room.added', { names, count: users.length }), true);
	}

	/** @param {boolean} starred whether it stands first in the reader's list */
	star(starred) {
		part('star', this.root).setAttribute('aria-pressed', String(starred));
	}

	/**
	 * What the room is called now.
	 * @param {import('./room-list.js').Description} description
	 */
	describe({ title, topic }) {
		this.name = title;
		setText(part('topic', this.root), topic);
		setText(part('name', this.root), title);
	}

	/** @param {import('../net/socket.js').State} state */
	onState(state) {
		if (state === 'online') return;
		this.#feed.lost();
		this.#outbox.close();
		this.#people.lost();
		this.#pager.lost();
		if (this.#edits.lost()) this.say(t('edit.lost'));
	}

	/** @param {Wire.ServerFrame} frame */
	onFrame(frame) {
		if (frame.type === 'welcome') return this.#welcomed(frame);
		if (frame.type === 'error') return this.#onError(frame);
		if (frame.type === 'state') return this.isShown && this.restate();
		if (!('room' in frame) || frame.room !== this.slug) return;
		switch (frame.type) {
			case 'joined':
				return this.#feed.onJoined(frame);
			case 'changes':
				return this.#feed.onChanges(frame);
			case 'message':
				return this.#feed.onMessage(frame.message);
			case 'history':
				return this.#onHistory(frame);
			case 'done':
				return this.#edits.done(frame.ref ?? '');
			case 'presence':
				return this.#people.change(frame);
			case 'typing':
				return this.#people.typing(frame.user);
			case 'read':
				return this.#onRead(frame);
			case 'mention':
				return this.#readMarker.update();
			case 'left':
				if (frame.reason === 'removed' || frame.reason === 'deleted') this.#end(t(`room.${frame.reason}`));
		}
	}

	/** @returns {import('../message/body.js').Reader} */
	#reader() {
		const { rooms, me } = this.#page;
		return {
			me,
			isIn: (slug) => rooms.get(slug) !== undefined,
			sees: async (slug) => (await import('../net/room-search.js')).isRoom(slug),
		};
	}

	#makeList() {
		const { socket } = this.#page;
		const list = new MessageList({
			root: part('list', this.root),
			reader: this.#reader(),
			name: this.name,
			added: (article) => this.#actions.added(article),
			signal: this.signal,
			askFor: (id) => socket.send({ type: 'history', room: this.slug, before: id + 1, limit: 1, ref: `quote ${id}` }),
		});
		this.#actions.listenTo(list.root);
		list.root.addEventListener('click', (event) => this.#followQuote(event));
		return list;
	}

	/** @param {HTMLElement} root */
	#makePeople(root) {
		return new People({
			root,
			opener: part('people-open', this.root),
			typingLine: part('typing', this.root),
			me: this.me,
		});
	}

	#makeScroll() {
		return new Scroll({
			list: this.list.root,
			button: part('jump', this.root),
			isWhole: () => !this.list.newer && !this.list.stale,
			onMove: () => this.#places.moved(),
			onEnd: () => this.#atEnd(),
			toNewest: () => this.#places.toNewest(),
		});
	}

	#makeComposer() {
		return new Composer({
			root: part('composer', this.root),
			room: this.slug,
			rooms: this.#page.rooms,
			draftKey: draftKey(this.me.id, this.id),
			post: (body, replyTo) => this.#post(body, replyTo),
			edit: (message, body) => this.list.get(message.id)?.body === body || this.#edits.send(message, body),
			typing: () => this.send({ type: 'typing', room: this.slug }),
			lastOwn: () => {
				if (!this.list.newer) return this.list.lastOwn();
				this.#places.toNewest();
				return null;
			},
			signal: this.signal,
		});
	}

	/**
	 * @param {string} body
	 * @param {number | null} replyTo
	 */
	#post(body, replyTo) {
		this.#readMarker.resume();
		delete this.list.root.dataset.back;
		this.#places.leaveUnread();
		this.#places.toNewest();
		this.list.markFresh(null);
		this.#outbox.post(body, replyTo, this.#feed.epoch === null && !this.#page.rooms.isMember(this.slug));
	}

	/** @param {Wire.FrameOf<'welcome'>} frame */
	#welcomed({ limits }) {
		this.composer.limit = limits?.body ?? this.composer.limit;
		this.#feed.join();
	}

	/**
	 * The room's end, at opening or where numbers may have been given twice. What the reader looks at elsewhere is read again.
	 * @param {Wire.FrameOf<'joined'>} frame
	 */
	#fresh(frame) {
		const { messages, more, read } = frame;
		const { list } = this;
		this.#pager.lost();
		const lookedAt = this.#scroll.atEnd ? null : Number(this.#scroll.first()?.dataset.id) || null;
		const place = this.#isFirst ? this.#at : lookedAt;
		const readTo = this.#isFirst ? read : undefined;
		const isShown = !this.#isFirst || list.stale; // the message of a link stands in the page, and its reader may have moved on
		if (place && !this.#pager.isJumping)
			this.#pager.jump({ around: place }, () => {
				if (!isShown || !list.article(place)) this.#places.arrive(place);
			});
		if (this.#pager.isJumping) list.expire(messages.at(-1)?.id ?? 0, readTo);
		else this.#scroll.hold(() => list.reset(messages, more, readTo));
		this.#outbox.renew(messages);
		const unread = this.#isFirst ? this.#page.rooms.unreadIn(this.slug) : 0;
		if (unread) this.#places.offerUnread(unread, read);
		this.#isFirst = false;
		this.#resumed(frame);
	}

	/** @param {Wire.FrameOf<'joined'>} frame */
	#resumed({ people, read, topic }) {
		this.#page.rooms.entered(this.slug);
		this.#people.reset(people);
		this.#readMarker.start(read);
		setText(part('topic', this.root), topic ?? '');
	}

	/**
	 * @param {Wire.Message[]} messages
	 * @param {boolean} live
	 */
	#changed(messages, live) {
		const { rooms } = this.#page;
		const isReading = this.#isReading();
		/** @type {Wire.Message[]} */
		const others = [];
		this.#scroll.hold((anchor) => {
			for (const message of messages) {
				const own = this.#outbox.settle(message);
				if (!this.list.put(message)) continue;
				const mine = own || message.author.id === this.me.id;
				if (live) rooms.arrived(this.slug, mine);
				if (mine) continue;
				others.push(message);
				this.#people.stopped(message.author.id);
			}
			this.list.trim(anchor);
		});
		if (others.length) {
			if (!isReading && rooms.unreadIn(this.slug) <= (live ? 1 : others.length)) this.list.markFresh(others[0].id);
			if (!this.#scroll.atEnd) this.#scroll.missed(others.length);
			this.#announce(others);
		}
		this.#readMarker.update(this.list.newest);
	}

	#caughtUp() {
		this.#outbox.open();
		this.composer.settle((message) => this.list.get(message.id)?.body === message.body);
		this.#readMarker.update(this.list.newest);
		this.#pager.resume();
	}

	/** @param {Wire.Message[]} messages */
	async #announce(messages) {
		if (isWanted('announce')) (await import('./announce.js')).announce(part('announce', this.root), messages);
	}

	/** @param {Wire.FrameOf<'history'>} frame */
	#onHistory(frame) {
		if (!frame.ref?.startsWith('quote ')) return this.#pager.onHistory(frame);
		for (const message of frame.messages) this.list.putQuoted(message);
	}

	/** @param {Wire.FrameOf<'error'>} frame */
	#onError(frame) {
		const { ref = '', code, message, room } = frame;
		if (room && room !== this.slug) return;
		const joining = ref === 'join' || ref === 'resume';
		if (code === 'not_joined' && !joining) this.#feed.rejoin();
		if (joining) {
			if (!this.#feed.onError(frame)) this.#end(t('room.closed'));
		} else if (this.#pager.onError(frame)) {
			// It is asked for again.
		} else if (ref === 'act' || this.#edits.refused(ref)) {
			this.say(message);
		}
	}

	/** @param {Wire.FrameOf<'read'>} frame */
	#onRead(frame) {
		this.#readMarker.moved(frame);
		if (!frame.back) return;
		this.list.root.dataset.back = ''; // see `core/reload.js`
		this.list.readFrom(frame.seq);
	}

	#isReading() {
		return this.isShown && this.#feed.joined && this.#scroll.atEnd && isLookedAt();
	}

	/** @param {string} why */
	#end(why) {
		this.isOver = true;
		// A page that is kept for times without a connection is of this room, not of another one with its slug.
		globalThis.caches?.open('klatch-pages').then((pages) => pages.delete(`/rooms/${this.slug}`));
		this.#feed.end();
		this.#outbox.fail(why);
		this.composer.disable(why);
		this.#people.reset({ count: 0, users: [] });
	}

	/** @param {Event} event */
	#followQuote(event) {
		const to = targetOf(event, '.quote')?.dataset.to;
		if (!to) return;
		event.preventDefault();
		this.seek(Number(to));
	}

	#atEnd() {
		this.#readMarker.update();
		if (!this.isShown) return;
		// Whoever follows the newest no longer looks at what the link led to.
		const path = `/rooms/${this.slug}`;
		if (!this.list.stale && location.pathname.startsWith(`${path}/`)) history.replaceState(null, '', path);
	}
}
