import { closest, maybe, targetOf } from '../core/dom.js';
import { onKey } from '../core/keyboard.js';
import { textOf } from '../net/api.js';

/**
 * @typedef {object} Context what the dialogs are about
 * @property {Wire.User} me
 * @property {boolean} administers whether they are an admin
 * @property {import('../room/room-list.js').RoomList} rooms
 * @property {import('../room/room.js').Room | null} room the open one
 * @property {(text: string, isDone?: boolean) => void} say
 */
/** @typedef {(context: Context, opener: HTMLElement) => Promise<unknown>} Open */

/** @type {Record<string, Open>} */
const OPENERS = {
	'#make-room': async () => (await import('./new-room.js')).open(),
	'#new-talk': async (context) => (await import('./new-direct.js')).open(context),
	'#switch': async ({ rooms }) => (await import('./switcher.js')).openSwitcher(rooms),
	'[data-open=invite]': async ({ room }) => room && (await import('./invite.js')).open(room.slug, room.name),
	// Any other names its file.
	'[data-open]': async (context, opener) => (await import(`./${opener.dataset.open}.js`)).open(opener, context),
};

/**
 * Clicks that open dialogs of rooms and people, and Shift+Escape, which marks all as read. What they open is loaded with
 * its first use.
 * @param {Context} context
 */
export function openDialogs(context) {
	addEventListener('click', async (event) => {
		if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
		const { target } = event;
		if (!(target instanceof HTMLElement || target instanceof SVGElement)) return;
		try {
			for (const [selector, open] of Object.entries(OPENERS)) {
				const opener = targetOf(event, selector);
				if (!opener) continue;
				event.preventDefault();
				await open(context, opener);
				return;
			}
			const person = personAt(target);
			if (!person) return;
			event.preventDefault();
			await (await import('./profile-card.js')).open(target, person, context);
		} catch (error) {
			context.say(textOf(error));
		}
	});
	const readAll = async (/** @type {KeyboardEvent} */ event) => {
		if (event.key !== 'Escape' || !event.shiftKey) return;
		event.preventDefault();
		event.stopPropagation();
		(await import('./read-all.js')).readAll(context);
	};
	onKey(window, readAll, { capture: true });
}

/**
 * The name of the person whom a click means.
 * @param {Element} target
 */
function personAt(target) {
	const listed = closest(target, '.people li[data-user]');
	if (listed) return listed.dataset.user;
	const link = closest(target, ':is(.msg, .me) [href^="/people/"]');
	const article = link ? null : closest(target, '.msg > .face')?.parentElement;
	return (link ?? (article && maybe('.author', article)))?.getAttribute('href')?.split('/')[2];
}
