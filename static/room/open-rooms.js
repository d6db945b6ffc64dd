import { $, maybe } from '../core/dom.js';
import { KEYS, remember } from '../core/storage.js';
import { HeldKeys } from './held-keys.js';
import { Room } from './room.js';

const MOST_OPEN = 10; // rooms; each has 300 messages, or 400 for a while
const MOST_VISITED = 12;
const PREFETCHED_FOR = 20_000; // ms
const MOST_PREFETCHED = 10; // pages
const ROOM = /^\/rooms\/([a-z0-9-]+)(?:\/(\d+))?$/;

/** @typedef {{ main: HTMLElement, aside: HTMLElement }} Parts of a room's page */

/**
 * The rooms of one page. The one that is shown stands in the document; those that were shown before stay joined, and come back
 * from memory as they were left. The server's page of a room is what a new one is made of.
 */
export class OpenRooms {
	/** @type {Map<string, Room>} */
	#rooms = new Map(); // by slug, the one that was shown last at the end
	/** @type {Map<string, { at: number, parts: Promise<Parts | null> }>} */
	#prefetched = new Map(); // by path
	/** @type {Room | null} */
	shown = null;
	#turn = 0;
	/** @type {HeldKeys | null} */
	#keys = null; // while a room is on its way
	#page;
	#onShow;

	/**
	 * @param {import('../pages/chat-page.js').ChatPage} page
	 * @param {(room: Room, isSwitch: boolean) => void} onShow a room was put into the document: another one, or the same anew
	 */
	constructor(page, onShow) {
		this.#page = page;
		this.#onShow = onShow;
		addEventListener('popstate', () => {
			if (ROOM.test(location.pathname) && !location.hash) this.#go(new URL(location.href));
		});
	}

	/** All of them. */
	[Symbol.iterator]() {
		return this.#rooms.values();
	}

	/** @param {string} slug */
	get(slug) {
		return this.#rooms.get(slug);
	}

	/** The room that the document came with. */
	begin() {
		const room = this.#make({ main: $('#talk'), aside: $('#who') });
		this.#take(room);
		room.show();
		return room;
	}

	/**
	 * Shows a room, or a message in it. False where the address is of something else.
	 * @param {URL} url
	 */
	open(url) {
		const isPart = url.hash && url.pathname === location.pathname; // of what is shown
		if (url.origin !== location.origin || isPart || !ROOM.test(url.pathname)) return false;
		this.#go(url, true);
		return true;
	}

	/**
	 * Somebody may be about to open this.
	 * @param {string} path
	 */
	prefetch(path) {
		const [, slug] = path.match(ROOM) ?? [];
		if (!slug || this.#rooms.has(slug) || this.#isFresh(path)) return;
		this.#prefetched.delete(path);
		this.#prefetched.set(path, { at: Date.now(), parts: this.#load(path) });
		for (const oldest of [...this.#prefetched.keys()].slice(0, -MOST_PREFETCHED)) this.#prefetched.delete(oldest);
	}

	/**
	 * What was fetched ahead of a room is out of date, or no longer needed.
	 * @param {string} slug
	 */
	forget(slug) {
		for (const path of [...this.#prefetched.keys()]) if (path.match(ROOM)?.[1] === slug) this.#prefetched.delete(path);
	}

	/**
	 * What may be done in a room, or whether it may be seen, is another thing now.
	 * @param {Room} room
	 */
	async renew(room) {
		if (room !== this.shown) return this.#close(room);
		const parts = await this.#load(`/rooms/${room.slug}`);
		if (room !== this.shown) return this.#close(room);
		if (parts) this.#show(this.#make(parts), null, true);
		else location.reload();
	}

	/**
	 * @param {URL} url
	 * @param {boolean} [isNew] it is no step back or forward
	 */
	async #go(url, isNew = false) {
		const [, slug = '', id] = url.pathname.match(ROOM) ?? [];
		const known = this.#rooms.get(slug);
		const meant = Number(url.searchParams.get('room_id')) || known?.id;
		const typed = this.#keys?.release() ?? '';
		this.#keys = null;
		this.shown?.root.removeAttribute('aria-busy');
		this.#turn += 1;
		if (known && known.id === meant && !known.isOver) {
			if (isNew && url.href !== location.href) history.pushState(null, '', url);
			this.#show(known, Number(id) || null);
			if (id) known.seek(Number(id));
			if (typed) known.composer.type(typed);
			return;
		}
		const turn = this.#turn;
		const keys = new HeldKeys(typed);
		this.#keys = keys;
		this.shown?.root.setAttribute('aria-busy', 'true');
		const parts = await this.#fetch(url.pathname + url.search);
		if (turn !== this.#turn) return;
		this.#keys = null;
		this.shown?.root.removeAttribute('aria-busy');
		const text = keys.release();
		if (!parts) {
			if (text) this.shown?.composer.type(text);
			return location.assign(url);
		}
		if (isNew) history.pushState(null, '', url);
		this.#show(this.#make(parts), null, true);
		if (text) this.shown?.composer.type(text);
	}

	/**
	 * @param {Room} room
	 * @param {number | null} at a message that is looked for
	 * @param {boolean} [isNew] it was never shown
	 */
	#show(room, at, isNew = false) {
		const before = this.shown;
		if (before !== room) {
			before?.leave();
			before?.root.replaceWith(room.root);
			before?.aside.replaceWith(room.aside);
		}
		this.#take(room);
		if (before?.isOver && before !== room) this.#close(before);
		if (isNew) {
			room.show();
			if (this.#page.welcome) room.onFrame(this.#page.welcome);
		} else if (before !== room) room.comeBack(at);
	}

	/** @param {Room} room */
	#take(room) {
		const same = this.#rooms.get(room.slug);
		if (same && same !== room) this.#close(same);
		this.#rooms.delete(room.slug);
		this.#rooms.set(room.slug, room);
		this.forget(room.slug);
		const isSwitch = this.shown?.slug !== room.slug;
		this.shown = room;
		// An edit that was begun is kept nowhere else.
		const hidden = [...this.#rooms.values()].slice(0, -1);
		const first = hidden.find((each) => !each.isUnfinished) ?? hidden[0];
		if (this.#rooms.size > MOST_OPEN) this.#close(first);
		document.body.toggleAttribute(
			'data-unfinished',
			hidden.some((each) => each.isUnfinished),
		);
		remember(KEYS.visited, String(room.id), MOST_VISITED);
		this.#onShow(room, isSwitch);
	}

	/** @param {Room} room */
	#close(room) {
		if (this.#rooms.get(room.slug) === room) this.#rooms.delete(room.slug);
		room.close();
	}

	/** @param {Parts} parts */
	#make({ main, aside }) {
		const { room: slug = '', roomId, name = '', at, permissions = '{}', archived } = main.dataset;
		return new Room({
			root: main,
			aside,
			page: this.#page,
			slug,
			id: Number(roomId),
			name,
			kind: /** @type {Wire.RoomKind} */ (main.dataset.kind),
			permissions: JSON.parse(permissions),
			archived: archived !== undefined,
			at: Number(at) || null,
		});
	}

	/** @param {string} path */
	#isFresh(path) {
		return Date.now() - (this.#prefetched.get(path)?.at ?? 0) < PREFETCHED_FOR;
	}

	/**
	 * What was fetched ahead, if it is not too old, which is then taken; or else what the server has now.
	 * @param {string} path
	 */
	async #fetch(path) {
		const parts = this.#isFresh(path) ? await this.#prefetched.get(path)?.parts : null;
		this.#prefetched.delete(path);
		return parts ?? this.#load(path);
	}

	/**
	 * The parts of the server's page; nothing where it has another page for this, or can't be reached: then the browser is to
	 * show what comes.
	 * @param {string} path
	 * @returns {Promise<Parts | null>}
	 */
	async #load(path) {
		const response = await fetch(path, { headers: { accept: 'text/html' } }).catch(() => null);
		if (!response?.ok || response.redirected) return null;
		const html = await response.text().catch(() => null);
		if (html === null) return null;
		const page = new DOMParser().parseFromString(html, 'text/html');
		const [main, aside] = [maybe('#talk', page), maybe('#who', page)];
		const script = maybe('script[src$="/pages/room.js"]', page, HTMLScriptElement);
		// Of another build, or somebody else's.
		const isOurs =
			script && new URL(script.src, location.href).href === new URL('../pages/room.js', import.meta.url).href;
		if (!main || !aside || !isOurs || Number(main.dataset.userId) !== this.#page.me.id) return null;
		return { main: document.adoptNode(main), aside: document.adoptNode(aside) };
	}
}
