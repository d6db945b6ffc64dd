import { $, all, closest, maybe } from '../core/dom.js';
import { draftKey, hasDraft, KEYS, readList, writeList } from '../core/storage.js';
import { locale } from '../core/text.js';
import { api } from '../net/api.js';
import { readStates } from '../people/states.js';
import { draw, drawPeople, LEAST_RECENT, listed, newRoom } from './listed-room.js';

/** @typedef {import('./listed-room.js').Listed} Listed */
/** @typedef {import('./listed-room.js').Named} Named */
/** @typedef {Pick<Wire.Room, 'title' | 'topic' | 'archived'>} Description */

const names = new Intl.Collator(locale, { numeric: true });
const REFRESH_AFTER = 300; // ms; several `room` frames in a row ask once

/** The list of the reader's rooms with their unread numbers. */
export class RoomList {
	/** @type {Map<string, Listed>} */
	#rooms = new Map(); // by slug
	/** @type {Promise<typeof import('../core/favicon-badge.js')> | null} */
	#badge = null; // once something was unread
	#timer = 0;
	#arranging = 0;
	#last = 0; // the latest message's place among all
	#showsOpen = false; // once it is arranged, the open room is brought into view
	#root;
	#me;
	#here;
	#title;
	#onSeen;
	#onStar;
	#onDescription;

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.root
	 * @param {number} options.me the reader's id
	 * @param {string | null} [options.here] the slug of the open room, or null on the page of rooms
	 * @param {string} options.title what the window is called
	 * @param {(slug: string) => void} [options.onSeen] all of a room has been seen on this page
	 * @param {(starred: boolean) => void} [options.onStar] the open room is starred, or not
	 * @param {(slug: string, description: Description) => void} [options.onDescription] what a room's title and topic are now
	 */
	constructor({ root, me, here = null, title, onSeen = () => {}, onStar = () => {}, onDescription = () => {} }) {
		this.#onSeen = onSeen;
		this.#root = root;
		this.#me = me;
		this.#here = here;
		this.#title = title;
		this.#onStar = onStar;
		this.#onDescription = onDescription;
		for (const [at, link] of this.#links().entries()) this.#add(listed(link, -at));
		readStates(root);
		for (const leave of ['pointerleave', 'focusout'])
			root.addEventListener(leave, () => requestAnimationFrame(() => this.#arrange()));
		this.#drawTotals();
		this.#fold();
		this.#showOpen();
		// Another tab's.
		addEventListener('storage', ({ key }) => {
			for (const room of this.#rooms.values()) if (key === draftKey(me, room.id)) this.#draw(room);
		});
	}

	/** @param {string} slug */
	get(slug) {
		return this.#rooms.get(slug);
	}

	/** All rooms of the list, as they stand in it. */
	all() {
		return this.#links().flatMap(({ dataset }) => this.#rooms.get(dataset.slug ?? '') ?? []);
	}

	/**
	 * The link of the room above or below the open one; of those with something new alone, where `unread`.
	 * @param {1 | -1} step
	 * @param {boolean} unread
	 */
	neighbour(step, unread) {
		const links = this.#links();
		const here = links.findIndex((link) => link.hasAttribute('aria-current'));
		const others = [...links.slice(here + 1), ...links.slice(0, Math.max(here, 0))];
		return (step > 0 ? others : others.reverse()).find((link) => !unread || link.matches('.new'));
	}

	/**
	 * Frames that concern the list; others are let pass.
	 * @param {Wire.ServerFrame} frame
	 */
	onFrame(frame) {
		if (frame.type === 'welcome') this.#welcome(frame.rooms);
		else if (frame.type === 'room') this.#refreshSoon();
		else if (frame.type === 'activity') this.#activity(frame);
		else if (frame.type === 'mention') this.#mention(frame);
		else if (frame.type === 'read') this.#readTo(frame);
	}

	/**
	 * Another room is shown. One that the reader is not in is listed for as long as it is open.
	 * @param {Named} room
	 */
	show({ id, slug, title, kind }) {
		const [before, now] = [this.#rooms.get(this.#here ?? ''), this.#known({ id, slug, title, kind })];
		this.#here = slug;
		this.#title = title;
		if (before && before !== now) {
			before.link.removeAttribute('aria-current');
			before.link.classList.remove('here');
			if (before.member) this.#draw(before);
			else this.#drop(before);
		}
		now.link.setAttribute('aria-current', 'page');
		now.link.classList.add('here');
		this.#draw(now);
		this.#showOpen();
	}

	/** @param {string} slug of a room that was joined: with a public one, membership begins by that */
	entered(slug) {
		const room = this.#rooms.get(slug);
		if (!room || room.member) return;
		room.member = true;
		this.#draw(room);
	}

	/**
	 * Whether the reader is known to be a member.
	 * @param {string} slug
	 */
	isMember(slug) {
		return this.#rooms.get(slug)?.member ?? false;
	}

	/**
	 * A new message in a room that is joined.
	 * @param {string} slug
	 * @param {boolean} mine those are not unread
	 */
	arrived(slug, mine) {
		const room = this.#rooms.get(slug);
		if (!room) return;
		room.count += 1;
		if (!mine) room.unread += 1;
		this.#touch(room);
	}

	/** @param {string} slug of a room of which all has been seen */
	seen(slug) {
		const room = this.#rooms.get(slug);
		if (!room || (!room.unread && !room.mentions)) return;
		room.unread = 0;
		room.mentions = 0;
		this.#draw(room);
		this.#onSeen(slug);
	}

	/**
	 * Puts a room first, or back among the others; the answer comes as a frame.
	 * @param {string} slug
	 */
	star(slug) {
		return api(this.#rooms.get(slug)?.starred ? 'DELETE' : 'PUT', `/rooms/${slug}/star`);
	}

	/** @param {string} slug */
	unreadIn(slug) {
		return this.#rooms.get(slug)?.unread ?? 0;
	}

	/** Has the list, and the open room's title, say what the server has. */
	async refresh() {
		const mine = await import('./own-rooms.js').then(({ ownRooms }) => ownRooms()).catch(() => null);
		if (!mine) return;
		const slugs = new Set(mine.map((room) => room.slug));
		for (const room of [...this.#rooms.values()]) {
			if (slugs.has(room.slug) || room.slug === this.#here) continue;
			this.#drop(room);
		}
		for (const given of mine) {
			const isNew = !this.#rooms.has(given.slug);
			const room = this.#known(given);
			if (isNew) {
				this.#last += 1;
				room.recent = this.#last;
			}
			const { count, unread, mentions } = room;
			if (given.people) drawPeople(room.link, given.people);
			const isSame = room.id === given.id;
			this.#take(room, given, given.member);
			// What the open room's page knows of its reader is newer than any answer, and so is what frames have told since
			// the answer was made; but of another room that has the name by now.
			if (isSame && (room.slug === this.#here || given.count < count)) Object.assign(room, { count, unread, mentions });
			this.#draw(room);
			if (isSame) this.#describe(given);
		}
	}

	// Groups are as they were left.
	#fold() {
		const groups = all('details', this.#root, HTMLDetailsElement);
		const nameOf = (/** @type {HTMLElement} */ group) => $('ul', group).dataset.group ?? '';
		const folded = readList(KEYS.folded);
		for (const group of groups) {
			group.open = !folded.includes(nameOf(group));
			group.addEventListener('toggle', () => writeList(KEYS.folded, groups.filter((each) => !each.open).map(nameOf)));
		}
	}

	#links() {
		return all('a[data-slug]', this.#root, HTMLAnchorElement);
	}

	/** @param {Named} given */
	#known(given) {
		return this.#rooms.get(given.slug) ?? this.#add(newRoom(given));
	}

	/** @param {Wire.MemberRoom[]} list */
	#welcome(list) {
		// Of many rooms the page had the first ones: those that come now move the open one.
		this.#showsOpen ||= list.length > this.#rooms.size + 1;
		for (const given of list) {
			const room = this.#known(given);
			this.#take(room, given, true);
			room.seen = new Map();
			this.#draw(room);
		}
		const mine = new Set(list.map((room) => room.slug));
		const left = [...this.#rooms.values()].filter((room) => room.member && !mine.has(room.slug));
		if (left.some((room) => room.slug !== this.#here)) this.#refreshSoon();
	}

	/**
	 * @param {Listed} room
	 * @param {Wire.MemberRoom} given
	 * @param {boolean} member
	 */
	#take(room, { id, seq, title, slug, count, read, unread, mentions, notify, starred, archived = false }, member) {
		// Something was said while nothing was heard of it. Of what the page did not come with it is not known when.
		if (count > room.count && room.recent > LEAST_RECENT) {
			this.#last += 1;
			room.recent = this.#last;
		}
		const named = { id, at: seq, title: title || slug, archived };
		Object.assign(room, { ...named, count, read, unread, mentions, notify, starred, member });
	}

	/** @param {Wire.FrameOf<'activity'>} frame */
	#activity({ room: slug, count }) {
		const room = this.#rooms.get(slug);
		if (!room) return this.#refreshSoon();
		if (count <= room.count) return;
		room.unread += count - room.count;
		room.count = count;
		this.#touch(room);
	}

	/** @param {Wire.FrameOf<'mention'>} frame */
	#mention({ room: slug, message }) {
		const room = this.#rooms.get(slug);
		if (!room || room.seen.has(message.id)) return;
		room.seen.set(message.id, message.seq);
		room.mentions += 1;
		this.#draw(room);
	}

	/** @param {Wire.FrameOf<'read'>} frame */
	#readTo({ room: slug, seq, unread, mentions, count, at }) {
		const room = this.#rooms.get(slug);
		// What was counted before the reader read on, or before the list was made, is older than what is known.
		if (!room || (at && (seq < room.read || at < room.at))) return;
		const since = [...room.seen].filter(([, change]) => at && change > at);
		const sent = at ? Math.max(room.count - count, 0) : 0;
		Object.assign(room, { read: seq, at: at ?? room.at, seen: new Map(since) });
		Object.assign(room, { count: count + sent, unread: unread + sent, mentions: mentions + since.length });
		this.#draw(room);
	}

	/** @param {Listed} room */
	#drop(room) {
		closest(room.link, 'li')?.remove();
		this.#rooms.delete(room.slug);
	}

	#refreshSoon() {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.refresh(), REFRESH_AFTER);
	}

	/** @param {Listed} room */
	#add(room) {
		this.#rooms.set(room.slug, room);
		return room;
	}

	/** @param {Listed} room that has a new message */
	#touch(room) {
		this.#last += 1;
		room.recent = this.#last;
		this.#draw(room);
	}

	/** @param {Listed} room */
	#draw(room) {
		const isHere = room.slug === this.#here;
		draw(room, isHere, !isHere && hasDraft(draftKey(this.#me, room.id)));
		this.#settle(room);
		if (isHere) this.#onStar(room.starred);
		this.#drawTotals();
	}

	/** @param {Wire.Room} room */
	#describe({ title, slug, topic, archived = false }) {
		this.#onDescription(slug, { title: title || slug, topic, archived });
		if (slug !== this.#here) return;
		this.#title = title || slug;
		this.#drawTotals();
	}

	/**
	 * Puts a link into the list it belongs to; its place there is found with the others'.
	 * @param {Listed} room
	 */
	#settle(room) {
		const group = room.kind === 'direct' ? 'direct' : 'rooms';
		const list = maybe(`ul[data-group=${group}]`, this.#root) ?? $('ul', this.#root);
		const item = closest(room.link, 'li');
		if (item && item.parentElement !== list) list.append(item);
		maybe('.empty', this.#root)?.remove();
		const place = `${room.starred} ${room.title} ${group} ${room.kind === 'direct' && room.recent}`;
		if (room.place === place) return;
		room.place = place;
		this.#arranging ||= requestAnimationFrame(() => this.#arrange());
	}

	// Starred ones first; then rooms by name, and direct talks by their last messages. Whoever knows where a room stands finds it
	// there. Nothing moves from under a pointer or the focus.
	#arrange() {
		this.#arranging = 0;
		if (this.#root.matches(':hover, :focus-within')) return;
		const order = [...this.#rooms.values()].sort(
			(a, b) =>
				Number(b.starred) - Number(a.starred) ||
				(a.kind === 'direct' && b.kind === 'direct' ? b.recent - a.recent : 0) ||
				names.compare(a.title, b.title),
		);
		for (const list of all('ul', this.#root)) {
			const items = order.map(({ link }) => closest(link, 'li')).filter((item) => item?.parentElement === list);
			if (items.some((item, index) => list.children[index] !== item))
				list.append(...items.flatMap((item) => item ?? []));
		}
		if (this.#showsOpen) this.#showOpen();
	}

	#showOpen() {
		this.#showsOpen = false;
		maybe('[aria-current]', this.#root)?.scrollIntoView({ block: 'nearest' });
	}

	#drawTotals() {
		const mine = [...this.#rooms.values()].filter((room) => room.member);
		const total = mine.reduce((sum, room) => sum + room.unread, 0);
		const mentioned = mine.some((room) => room.mentions > 0);
		if (total) this.#badge ??= import('../core/favicon-badge.js');
		this.#badge?.then(({ badge }) => badge(total, mentioned));
		document.title = `${total ? `(${total}) ` : ''}${this.#title} · klatch`;
		// Beside the button that opens the list, where that is a drawer.
		const pip = maybe('#elsewhere');
		if (pip) pip.hidden = !mine.some((room) => room.unread && room.slug !== this.#here);
	}
}
