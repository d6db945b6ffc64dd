import { isWanted } from '../core/notification-settings.js';
import { t } from '../core/text.js';
import { ApiError, api } from '../net/api.js';
import { nameOf } from '../people/avatars.js';

/**
 * @typedef {object} Told what a notice is about
 * @property {string} path where it leads
 * @property {string} slug
 * @property {number} room its id
 * @property {number} [message] the id of a message; else it is about how many are new
 * @property {string} [name] what the room is called, for those
 */
/** @typedef {Pick<Wire.Room, 'id' | 'slug' | 'title' | 'kind'>} Named */

const HELD_FOR = 5_000; // ms in which no other tab shows the same
const SHOWN = 200; // characters of a message
const icon = new URL('../icon-192.png', import.meta.url).href;

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/** The worker that shows notices. A page that has just been opened may have none yet. */
async function registered() {
	const { serviceWorker } = navigator;
	const registration = await serviceWorker?.getRegistration();
	if (!serviceWorker || registration?.active) return registration;
	const tooLate = new Promise((resolve) => {
		setTimeout(resolve, HELD_FOR);
	});
	await Promise.race([serviceWorker.ready, tooLate]);
	return serviceWorker.getRegistration();
}

/**
 * One after the other: a browser that is asked for its notices while it begins to show one may forget that.
 * @param {(registration: ServiceWorkerRegistration) => unknown} act
 */
async function inTurn(act) {
	const done = last.then(async () => {
		const registration = await registered();
		if (registration) await act(registration);
	});
	last = done.catch(() => {});
	await last;
}

/**
 * Tells in this tab alone.
 * @param {string} what
 * @param {() => Promise<void>} tell
 */
function once(what, tell) {
	navigator.locks.request(`klatch:notice:${what}`, { ifAvailable: true }, async (mine) => {
		if (!mine) return;
		if (isWanted('notices')) await tell().catch(() => {});
		if (isWanted('sound')) (await import('../core/sound.js')).chime();
		await new Promise((resolve) => {
			setTimeout(resolve, HELD_FOR);
		});
	});
}

/**
 * A room has one notice of a message, the latest, and one of how many are new.
 * @param {string} heading
 * @param {string} body
 * @param {Told} told
 * @param {boolean} [again] in the place of the one that is there
 */
function show(heading, body, told, again = false) {
	const tag = `${told.room}${told.message ? '' : ':new'}`;
	const options = { body, tag, renotify: !again, silent: true, icon, data: told };
	return (/** @type {ServiceWorkerRegistration} */ registration) => registration.showNotification(heading, options);
}

/**
 * The notices of this chat, with what they are about.
 * @param {ServiceWorkerRegistration} registration
 */
async function shown(registration) {
	const all = await registration.getNotifications();
	return all.flatMap((notice) => (notice.data?.slug ? [{ notice, told: /** @type {Told} */ (notice.data) }] : []));
}

/**
 * Whether a message was deleted, or can't be seen any more.
 * @param {Told} told
 */
async function isGone({ slug, room, message }) {
	try {
		/** @type {Wire.Message} */
		const { deleted } = await api('GET', `/rooms/${slug}/messages/${message}?room_id=${room}`);
		return Boolean(deleted);
	} catch (error) {
		return error instanceof ApiError && error.status === 404;
	}
}

/**
 * Shows a message that concerns the reader, as they want it, unless another tab does.
 * @param {string} slug
 * @param {Named | undefined} known the room, where the page has it in its list
 * @param {Wire.Message} message
 */
export function mention(slug, known, message) {
	once(`${slug}:${message.id}`, async () => {
		/** @type {Named} */
		const { id, title, kind } = known ?? (await api('GET', `/rooms/${slug}`)); // begun a moment ago
		const name = nameOf(message.author);
		const heading = kind === 'direct' ? name : t('notices.message', { name, room: title || slug });
		const told = { path: `/rooms/${slug}`, slug, room: id, message: message.id };
		await inTurn(show(heading, message.body.slice(0, SHOWN), told));
	});
}

/**
 * Shows how many messages are new in a room.
 * @param {Named & { unread: number }} room
 */
export function count({ id, slug, title, unread }) {
	const name = title || slug;
	const told = { path: `/rooms/${slug}`, slug, room: id, name };
	once(`${slug}:new:${unread}`, () => inTurn(show(t('notices.new', { count: unread, room: name }), '', told)));
}

/**
 * Closes the notices of a room that are about such messages, or about how many are new.
 * @param {string} slug
 * @param {(message: number | undefined) => boolean} isOver
 */
export function close(slug, isOver) {
	inTurn(async (registration) => {
		for (const { notice, told } of await shown(registration))
			if (told.slug === slug && isOver(told.message)) notice.close();
	});
}

/**
 * The reader has read on somewhere, or what was new has become less.
 * @param {Wire.FrameOf<'read'>} frame
 */
export function read({ room: slug, seq, unread, mentions, at }) {
	inTurn(async (registration) => {
		for (const { notice, told } of await shown(registration)) {
			if (told.slug !== slug) continue;
			const { message } = told;
			if (!unread || (message && (!mentions || message <= seq || (at && (await isGone(told)))))) notice.close();
			else if (!message && at)
				await show(t('notices.new', { count: unread, room: told.name ?? slug }), '', told, true)(registration);
		}
	});
}

/**
 * Closes what is no longer so when a page comes back.
 * @param {Wire.MemberRoom[]} rooms those of the reader
 */
export function keep(rooms) {
	const known = new Map(rooms.map((room) => [room.id, room]));
	inTurn(async (registration) => {
		for (const { notice, told } of await shown(registration)) {
			const room = known.get(told.room);
			if (!room?.unread || (told.message && (told.message <= room.read || !room.mentions))) notice.close();
		}
	});
}
