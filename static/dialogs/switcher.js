import { el, maybe, style } from '../core/dom.js';
import { matching, score } from '../core/fuzzy.js';
import { navigate } from '../core/navigate.js';
import { MARKS } from '../core/room-marks.js';
import { KEYS, readList } from '../core/storage.js';
import { t } from '../core/text.js';
import { textOf } from '../net/api.js';
import { searchRooms } from '../net/room-search.js';
import { finder } from './finder.js';
import { openDirect } from './new-direct.js';
import { findPeople } from './people-finder.js';

/** @typedef {Pick<import('../room/room-list.js').Listed, 'id' | 'slug' | 'title' | 'kind' | 'member'>} Listed */
/** @typedef {import('./finder.js').Option & { open: () => unknown }} Destination */

const MOST = 12;
const LIKELY = 2; // rooms that match worse stand below the people

/** @param {Listed} room */
const names = ({ slug, title }) => [slug, title];

/** @param {Listed} room */
const destination = ({ slug, title, kind, member }) => ({
	key: slug,
	label: title,
	note: member ? '' : t('switcher.other'),
	mark: el('i', { 'aria-hidden': 'true', class: kind }, MARKS[kind]),
	open: () => navigate(`/rooms/${slug}`),
});

/**
 * Leads to a room, or to a direct talk with somebody, by a few letters of the name.
 * @param {import('../room/room-list.js').RoomList} list
 */
export async function openSwitcher(list) {
	if (maybe('#switcher')) return;
	await Promise.all([style('fields.css'), style('popups.css'), style('dialogs.css')]);
	const visited = readList(KEYS.visited);
	const age = (/** @type {Listed} */ { id }) => visited.indexOf(String(id)) + 1 || visited.length + 1;
	const rooms = list.all().sort((a, b) => age(a) - age(b));
	const dialog = el('dialog', { id: 'switcher', class: 'ask switcher', 'aria-label': t('switcher.title') });
	/** @type {(text: string, show: (found: Destination[]) => void) => Promise<Destination[] | null>} */
	const find = async (text, show) => {
		/** @type {Listed[]} */
		const found = matching(text, rooms, names, 1).slice(0, MOST);
		show(found.map(destination));
		const people = text && (await findPeople(text.replace(/^@/, ''), null, MOST).catch(() => []));
		if (!people) return null;
		const seen = text ? await searchRooms(text.replace(/^#/, ''), MOST) : [];
		for (const { id, slug, title, kind, member } of seen)
			if (!member && found.length < MOST) found.push({ id, slug, title: title || slug, kind, member });
		const likely = found.filter((room) => Math.max(...names(room).map((name) => score(text, name))) >= LIKELY);
		const talks = people.map((each) => ({ ...each, open: () => openDirect([each.user.username]) }));
		return [...likely.map(destination), ...talks, ...found.slice(likely.length).map(destination)];
	};
	const found = finder({
		label: t('switcher.title'),
		find,
		take: async ({ open }) => {
			try {
				await open();
			} catch (error) {
				found.say(textOf(error));
			}
		},
	});
	dialog.append(found.box);
	dialog.addEventListener('click', ({ target }) => {
		if (target === dialog) dialog.close();
	});
	dialog.addEventListener('close', () => dialog.remove());
	document.body.append(dialog);
	dialog.showModal();
}
