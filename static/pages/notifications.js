import { isLookedAt, onLook } from '../core/dom.js';
import * as notices from './notices.js';

const LOOKED_AT = 'klatch:looked-at';
const SETTLES = 500; // ms: of one's own messages a `read` frame tells, behind the `activity`

/**
 * Tells of what is new, by a notice of the system, whoever looks at no page of klatch, and takes the notice back once that is
 * read or deleted, wherever it is. Mentions and direct messages come as `mention`, where they are wanted at all; in rooms
 * of which the reader wants to hear of every message the list of rooms tells how many are new. Of several tabs one shows it.
 */
export class Notifications {
	/** @type {Set<string>} */
	#counting = new Set(); // slugs of rooms whose number is about to be told
	#rooms;
	#me;

	/**
	 * @param {import('../room/room-list.js').RoomList} rooms
	 * @param {Wire.User} me
	 */
	constructor(rooms, me) {
		this.#rooms = rooms;
		this.#me = me;
		onLook(() => this.#look());
		this.#look();
	}

	/** @param {Wire.ServerFrame} frame */
	onFrame(frame) {
		switch (frame.type) {
			case 'welcome':
				return notices.keep(frame.rooms);
			case 'mention':
				return this.#mention(frame);
			case 'activity':
				return this.#count(frame.room);
			case 'message': {
				const { id, seq, deleted, author } = frame.message;
				if (deleted) notices.close(frame.room, (message) => message === id);
				else if (id === seq && author.id !== this.#me.id) this.#count(frame.room);
				return;
			}
			case 'read':
				return notices.read(frame);
			case 'left':
				if (frame.reason !== 'asked') this.seen(frame.room);
				return;
			case 'room':
				if (!frame.member) this.seen(frame.room);
		}
	}

	/** @param {string} slug of a room of which nothing is new any more */
	seen(slug) {
		notices.close(slug, () => true);
	}

	// Held by every page that is looked at; that may be over before it is granted.
	#look() {
		if (!isLookedAt()) return;
		navigator.locks?.request(LOOKED_AT, { mode: 'shared' }, async () => {
			if (!isLookedAt()) return;
			await new Promise((resolve) => {
				onLook(() => isLookedAt() || resolve(null));
			});
		});
	}

	async #isAway() {
		if (isLookedAt() || !navigator.locks) return false;
		const { held = [] } = await navigator.locks.query();
		return !held.some(({ name }) => name === LOOKED_AT);
	}

	/** @param {Wire.FrameOf<'mention'>} frame */
	async #mention({ room, message }) {
		if (await this.#isAway()) notices.mention(room, this.#rooms.get(room), message);
	}

	/** @param {string} slug */
	#count(slug) {
		const room = this.#rooms.get(slug);
		if (room?.notify !== 'all' || room.kind === 'direct' || this.#counting.has(slug)) return;
		this.#counting.add(slug);
		setTimeout(async () => {
			this.#counting.delete(slug);
			// Where all of them are mentions, these were told of.
			if (room.unread > room.mentions && (await this.#isAway())) notices.count(room);
		}, SETTLES);
	}
}
