import { $ } from '../core/dom.js';
import { isWanted } from '../core/notification-settings.js';
import { openDialogs } from '../dialogs/openers.js';
import { listenForShortcuts } from '../dialogs/shortcuts.js';
import { connectionStatus } from '../net/connection-status.js';
import { watchUse } from '../net/idle.js';
import { Socket } from '../net/socket.js';
import { Sender } from '../outbox/sender.js';
import { forget, learn, watchEnds } from '../people/names.js';
import { RoomList } from '../room/room-list.js';

/** @typedef {import('../room/room.js').Room} Room */

/**
 * Who a page was made for, as its element says.
 * @param {HTMLElement} element
 * @returns {Wire.User}
 */
export function readUser({ dataset: { userId, username = '', displayName = '' } }) {
	return { id: Number(userId), username, display_name: displayName };
}

/**
 * What a page of the chat has once, whatever is open in it: the socket, the sender of what was written, the list of rooms,
 * notifications, keys and dialogs. Open rooms are told what the socket says.
 */
export class ChatPage {
	/** @type {Room | null} */
	room = null; // the one that is shown
	/** @type {Iterable<Room> & Pick<import('../room/open-rooms.js').OpenRooms, 'get' | 'renew' | 'forget'>} */
	open = Object.assign([], { get: () => undefined, renew: async () => {}, forget: () => {} });
	/** @type {Wire.FrameOf<'welcome'> | null} */
	welcome = null; // while there is a connection
	/** @type {Parameters<import('../net/connection-status.js').ShowState>} */
	#state = ['connecting', ''];
	#showState;
	/** @type {Promise<import('./notifications.js').Notifications> | null} */
	#notifications = null; // once they are wanted
	#wasConnected = false;
	#use = watchUse((idle) => this.socket.send({ type: 'idle', on: idle }));

	/**
	 * @param {object} options
	 * @param {Wire.User} options.me
	 * @param {boolean} [options.administers] whether they are an admin
	 * @param {string} options.title what the window is called
	 * @param {string | null} [options.here] the slug of the open room
	 */
	constructor({ me, administers = false, title, here = null }) {
		this.me = me;
		this.administers = administers;
		this.rooms = new RoomList({
			root: $('#rooms'),
			me: me.id,
			here,
			title,
			onSeen: (slug) => this.#notifications?.then((notifications) => notifications.seen(slug)),
			onStar: (starred) => this.room?.star(starred),
			onDescription: (slug, description) => this.#describe(slug, description),
		});
		this.sender = new Sender(me.id);
		this.socket = new Socket({
			onFrame: (frame) => {
				this.rooms.onFrame(frame);
				this.#notify(frame);
				this.#onFrame(frame);
			},
			onState: (...state) => {
				this.#state = state;
				if (state[0] !== 'online') this.welcome = null;
				this.#showState(...state);
				for (const room of this.open) room.onState(state[0]);
			},
		});
		this.#showState = connectionStatus(() => this.socket.connectNow());
		watchEnds();
		openDialogs(this);
		listenForShortcuts(this.rooms);
	}

	/**
	 * Tells the reader what became of something they did.
	 * @param {string} text
	 * @param {boolean} [isDone] it was done, and nothing is wrong
	 */
	say(text, isDone) {
		this.room?.say(text, isDone);
	}

	/** @param {Room} room another one is in the document */
	show(room) {
		this.room = room;
		this.rooms.show({ id: room.id, slug: room.slug, title: room.name, kind: room.kind });
		this.#showState(...this.#state);
	}

	/**
	 * @param {string} slug
	 * @param {import('../room/room-list.js').Description} description
	 */
	#describe(slug, description) {
		const room = this.open.get(slug);
		if (!room) return;
		room.describe(description);
		if (room.archived !== (description.archived ?? false)) this.open.renew(room); // what may be done is another thing now
	}

	async #readStates() {
		const { statesIn } = await import('../people/states-again.js');
		await Promise.all([this.rooms.refresh(), this.room && statesIn(this.room.slug)]);
		this.room?.restate();
	}

	/** @param {Wire.ServerFrame} frame */
	#notify(frame) {
		if (isWanted('notices') || isWanted('sound'))
			this.#notifications ??= import('./notifications.js').then((it) => new it.Notifications(this.rooms, this.me));
		this.#notifications?.then((it) => it.onFrame(frame));
	}

	/** @param {Wire.ServerFrame} frame */
	#onFrame(frame) {
		if (frame.type === 'welcome') {
			forget();
			learn([frame.user]);
			this.welcome = frame;
			this.#use.connected();
			// Who came and went meanwhile was told to nobody here.
			if (this.#wasConnected) this.#readStates();
			this.#wasConnected = true;
			// Someone else signed in meanwhile, in another tab: this page shows the wrong person's side.
			if (frame.user.id !== this.me.id) return location.reload();
			this.sender.retryNow();
		}
		if ('blocks' in frame && (frame.blocks[0] ?? document.querySelector('.msg[hidden],.folds'))) {
			import('../people/blocks.js').then(({ fold }) => fold(frame.blocks));
		}
		if (frame.type === 'state') learn(frame.users);
		// What may be done there may be another thing now: it is made anew when it is shown again.
		if (frame.type === 'room') this.open.forget(frame.room);
		const changed = frame.type === 'room' ? this.open.get(frame.room) : undefined;
		if (changed && changed !== this.room && !changed.isUnfinished) this.open.renew(changed);
		for (const room of this.open) room.onFrame(frame);
	}
}
