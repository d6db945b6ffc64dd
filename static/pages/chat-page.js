import { $ } from '../core/dom.js';
import { isWanted } from '../core/notification-settings.js';
import { openDialogs } from '../dialogs/openers.js';
import { listenForShortcuts } from '../dialogs/shortcuts.js';
import { connectionStatus } from '../net/connection-status.js';
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
 * notifications, keys and dialogs. The open room is told what the socket says.
 */
export class ChatPage {
	/** @type {Room | null} */
	room = null;
	/** @type {Promise<import('./notifications.js').Notifications> | null} */
	#notifications = null; // once they are wanted

	/**
	 * @param {object} options
	 * @param {Wire.User} options.me
	 * @param {boolean} [options.administers] whether they are an admin
	 * @param {string} options.title what the window is called
	 * @param {string | null} [options.here] the slug of the open room
	 * @param {HTMLElement | null} [options.pip] is shown while another room has something unread
	 */
	constructor({ me, administers = false, title, here = null, pip = null }) {
		this.me = me;
		this.administers = administers;
		this.rooms = new RoomList({
			root: $('#rooms'),
			here,
			title,
			pip,
			onSeen: (slug) => this.#notifications?.then((notifications) => notifications.seen(slug)),
			onStar: (starred) => this.room?.star(starred),
			onDescription: (description) => this.room?.describe(description),
		});
		this.sender = new Sender(me.id);
		this.socket = new Socket({
			onFrame: (frame) => {
				this.rooms.onFrame(frame);
				this.#notify(frame);
				this.#onFrame(frame);
			},
			onState: (state, text, retry) => {
				showState(state, text, retry);
				this.room?.onState(state);
			},
		});
		const showState = connectionStatus($('#connection'), () => this.socket.connectNow());
		watchEnds();
		openDialogs(this);
		listenForShortcuts(this.rooms);
	}

	/**
	 * Tells the reader what became of something they did.
	 * @param {string} text
	 */
	say(text) {
		this.room?.say(text);
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
			// Someone else signed in meanwhile, in another tab: this page shows the wrong person's side.
			if (frame.user.id !== this.me.id) return location.reload();
			this.sender.retryNow();
		}
		if ('blocks' in frame && (frame.blocks[0] ?? document.querySelector('.msg[hidden],.folds'))) {
			import('../people/blocks.js').then(({ fold }) => fold(frame.blocks));
		}
		if (frame.type === 'state') return learn(frame.users);
		this.room?.onFrame(frame);
	}
}
