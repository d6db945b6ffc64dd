import { copy } from '../core/clipboard.js';
import { t } from '../core/text.js';
import { menu } from '../dialogs/menu.js';
import { openSanction } from '../dialogs/sanction.js';
import { nameOf } from '../people/avatars.js';

const AT_HAND = ['👍', '❤️', '😂', '🎉', '👀', '🙏'];

/**
 * The whole menu of a message.
 * @param {HTMLElement} near what it opens beside
 * @param {Wire.Message} message
 * @param {object} options
 * @param {Wire.User} options.me
 * @param {{ slug: string, id: number }} options.room
 * @param {boolean} options.removes whether they may remove other people's messages
 * @param {import('./toolbar.js').Act} options.act
 * @param {(text: string, isDone?: boolean) => void} options.say
 */
export function openMessageMenu(near, message, { me, room, removes, act, say }) {
	const own = message.author.id === me.id;
	const name = nameOf(message.author);
	const label = (/** @type {string} */ what) => t(`message.${what}`, { name });
	const item = (/** @type {import('./toolbar.js').Action} */ action) => ({
		label: label(action),
		act: () => act(action, message),
	});
	const copying = (/** @type {'link' | 'text'} */ what, /** @type {string} */ text) => ({
		label: label(`copy-${what}`),
		act: async () => {
			const isCopied = await copy(text);
			say(t(isCopied ? `copy.${what}` : 'copy.failed'), isCopied);
		},
	});
	const sanction = (/** @type {'mute' | 'ban'} */ kind) => ({
		label: label(kind),
		danger: true,
		act: () => openSanction(kind, message.author, room.slug, say),
	});
	const reactions = AT_HAND.map((emoji) => ({
		label: t('message.react-with', { emoji }),
		mark: emoji,
		act: () => act('react', message, emoji),
	}));
	const remove = { ...item('delete'), danger: true };
	return menu(near, t('message.menu'), [
		...reactions,
		{ ...item('pick'), mark: '+' },
		item('reply'),
		...(own ? [item('edit')] : []),
		copying('link', new URL(`/rooms/${room.slug}/${message.id}?room_id=${room.id}`, location.href).href),
		copying('text', message.body),
		item('unread'),
		...(own ? [] : [item('report')]),
		...(removes && !own ? [sanction('mute'), sanction('ban')] : []),
		...(own ? [remove] : removes ? [{ ...remove, label: t('message.remove') }] : []),
	]);
}
