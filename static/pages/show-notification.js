import { isWanted } from '../core/notification-settings.js';
import { t } from '../core/text.js';
import { api } from '../net/api.js';
import { nameOf } from '../people/avatars.js';

const HELD_FOR = 5_000; // ms in which no other tab shows the same
const SHOWN = 200; // characters of a message

/**
 * Notifies of a message, as the reader wants it, unless another tab does.
 * @param {string} slug
 * @param {Wire.Room | undefined} room as `welcome` gives it, where it did
 * @param {Wire.Message} message
 */
export function notify(slug, room, message) {
	navigator.locks.request(`klatch:notice:${slug}:${message.id}`, { ifAvailable: true }, async (mine) => {
		if (!mine) return;
		if (isWanted('notices')) await show(slug, room, message).catch(() => {});
		if (isWanted('sound')) (await import('../core/sound.js')).chime();
		await new Promise((resolve) => {
			setTimeout(resolve, HELD_FOR);
		});
	});
}

/**
 * @param {string} slug
 * @param {Wire.Room | undefined} known
 * @param {Wire.Message} message
 */
async function show(slug, known, message) {
	/** @type {Wire.Room} */
	const { title, kind } = known ?? (await api('GET', `/rooms/${slug}`)); // begun since `welcome`
	const name = nameOf(message.author);
	const heading = kind === 'direct' ? name : t('notices.message', { name, room: title || slug });
	const registration = await navigator.serviceWorker.getRegistration();
	const options = {
		body: message.body.slice(0, SHOWN),
		tag: slug,
		renotify: true,
		silent: true,
		data: `/rooms/${slug}`,
		icon: new URL('../icon-192.png', import.meta.url).href,
	};
	await registration?.showNotification(heading, options);
}
