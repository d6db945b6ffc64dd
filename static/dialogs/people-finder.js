import { el } from '../core/dom.js';
import { t } from '../core/text.js';
import { api } from '../net/api.js';
import { face, nameOf } from '../people/avatars.js';
import { finder } from './finder.js';

/** @typedef {import('./finder.js').Option & { user: Wire.User }} PersonOption */

const PAUSE = 120; // ms of no typing before the server is asked
const MOST = 20;

let asking = 0;

/**
 * People by the beginnings of their names, as options of a finder; null where more was typed meanwhile.
 * @param {string} text
 * @param {Wire.User | null} me who is left out
 * @returns {Promise<PersonOption[] | null>}
 */
export async function findPeople(text, me, most = MOST) {
	asking += 1;
	const mine = asking;
	await new Promise((resolve) => {
		setTimeout(resolve, PAUSE);
	});
	if (mine !== asking) return null;
	/** @type {Wire.Users} */
	const { users } = await api('GET', `/users?q=${encodeURIComponent(text)}&limit=${most}`);
	const others = users.filter((user) => user.id !== me?.id);
	return others.map((user) => ({
		key: `@${user.username}`,
		user,
		label: nameOf(user),
		note: `@${user.username}`,
		mark: face(user, true),
	}));
}

/**
 * A field that finds people, of whom several can be picked; `names()` are their usernames.
 * @param {Wire.User} me
 */
export function peopleFinder(me) {
	/** @type {Map<string, Wire.User>} */
	const picked = new Map(); // by username
	const chips = el('div', { class: 'chips' });
	const chip = (/** @type {Wire.User} */ user) => {
		const name = nameOf(user);
		const label = t('find.picked', { name });
		const button = el('button', { type: 'button', class: 'chip', 'aria-label': label }, el('bdi', {}, name), ' ×');
		button.addEventListener('click', () => {
			picked.delete(user.username);
			draw();
			found.search();
			found.input.focus();
		});
		return button;
	};
	const draw = () => chips.replaceChildren(...[...picked.values()].map(chip));
	const found = finder({
		label: t('find.people'),
		find: async (text) => (await findPeople(text, me))?.filter(({ user }) => !picked.has(user.username)) ?? null,
		take: ({ user }) => {
			picked.set(user.username, user);
			draw();
			found.input.value = '';
			found.search();
		},
		go: () => {
			if (picked.size) found.input.form?.requestSubmit();
			return picked.size > 0;
		},
	});
	return { content: [chips, found.box], names: () => [...picked.keys()], users: () => [...picked.values()] };
}
