import { isWanted } from '../core/notification-settings.js';

const LOOKED_AT = 'klatch:looked-at';

/**
 * Shows a system notification of mentions and direct messages to the reader who looks at no page of klatch; the server
 * leaves out rooms of which they want to hear nothing. Of several tabs one shows it.
 */
export class Notifications {
	/** @type {Map<string, Wire.MemberRoom>} */
	#rooms = new Map(); // by slug, as `welcome` gives them

	constructor() {
		document.addEventListener('visibilitychange', () => this.#look());
		this.#look();
	}

	/** @param {Wire.ServerFrame} frame */
	onFrame(frame) {
		if (frame.type === 'welcome') this.#rooms = new Map(frame.rooms.map((room) => [room.slug, room]));
		else if (frame.type === 'mention') this.#notify(frame.room, frame.message);
	}

	// Held by every page that is looked at; it may have been hidden again before it is granted.
	#look() {
		if (document.hidden) return;
		navigator.locks?.request(LOOKED_AT, { mode: 'shared' }, async () => {
			if (document.hidden) return;
			await new Promise((resolve) => {
				document.addEventListener('visibilitychange', resolve, { once: true });
			});
		});
	}

	/**
	 * @param {string} slug
	 * @param {Wire.Message} message
	 */
	async #notify(slug, message) {
		if (!document.hidden || !navigator.locks || !(isWanted('notices') || isWanted('sound'))) return;
		const { held = [] } = await navigator.locks.query();
		if (held.some(({ name }) => name === LOOKED_AT)) return;
		(await import('./show-notification.js')).notify(slug, this.#rooms.get(slug), message);
	}
}
