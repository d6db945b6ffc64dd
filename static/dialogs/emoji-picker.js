import { all, el, style } from '../core/dom.js';
import { matching } from '../core/fuzzy.js';
import { onKey } from '../core/keyboard.js';
import { KEYS, readList, remember } from '../core/storage.js';
import { t } from '../core/text.js';
import { focusedAt } from '../core/widget.js';
import { place } from './menu.js';

/** @typedef {[emoji: string, name: string, ...shortcodes: string[]]} Emoji */
/** @typedef {[group: string, list: Emoji[]]} Group */

const MOST_RECENT = 16;
const MOST_FOUND = 120;

/** @type {Promise<Group[]> | null} */
let known = null;

/** All emoji in groups, as the server lists them. */
function emojis() {
	known ??= fetch(new URL('../emoji.json', import.meta.url)).then((response) => response.json());
	return known;
}

/**
 * Emoji by their names and shortcodes, those that match best first.
 * @param {string} words
 */
export async function search(words, most = MOST_FOUND) {
	const each = (await emojis()).flatMap(([, list]) => list);
	return matching(words.trim(), each, ([, ...names]) => names, 2).slice(0, most);
}

/** @param {Emoji} emoji */
function button([emoji, name]) {
	const attributes = { type: 'button', tabindex: '-1', 'aria-label': name, title: name, 'data-emoji': emoji };
	return el('button', attributes, emoji);
}

/**
 * @param {string} title
 * @param {Emoji[]} entries
 */
function section(title, entries) {
	if (!entries.length) return [];
	const grid = el('div', { class: 'grid', role: 'group', 'aria-label': title }, ...entries.map(button));
	return [el('h3', {}, title), grid];
}

/**
 * Lets somebody pick an emoji; null where they pick none. Typing searches, arrow keys walk through what is found.
 * @param {HTMLElement} near
 * @returns {Promise<string | null>}
 */
export async function pick(near) {
	const [groups] = await Promise.all([emojis(), style('fields.css'), style('popups.css')]);
	const byEmoji = new Map(groups.flatMap(([, list]) => list).map((entry) => [entry[0], entry]));
	const label = t('picker.search');
	const field = el('input', {
		type: 'search',
		placeholder: label,
		'aria-label': label,
		autocomplete: 'off',
		spellcheck: 'false',
	});
	const list = el('div', { class: 'emoji', tabindex: '-1' });
	const box = el(
		'div',
		{ class: 'pop picker', role: 'dialog', popover: 'auto', 'aria-label': t('picker.title') },
		field,
		list,
	);
	const draw = async () => {
		const { value } = field;
		const recent = readList(KEYS.emoji).map((emoji) => byEmoji.get(emoji));
		const sections = () => [
			...section(
				t('picker.recent'),
				recent.filter((entry) => entry !== undefined),
			),
			...groups.flatMap(([title, entries]) => section(t(`picker.${title}`), entries)),
		];
		const found = value.trim() ? section(t('picker.found'), await search(value)) : sections();
		if (value !== field.value) return;
		const none = el('p', { class: 'soft', role: 'status' }, t('picker.none'));
		list.replaceChildren(...(found.length ? found : [none]));
		const [first] = all('button', list);
		if (first) first.tabIndex = 0;
	};
	await draw();
	const before = document.activeElement;
	(near.closest('dialog') ?? document.body).append(box); // all else is inert while one is open
	box.showPopover();
	place(box, near);
	field.focus();
	return new Promise((resolve) => {
		const end = (/** @type {string | null} */ emoji) => {
			if (!box.isConnected) return;
			box.remove();
			if (before instanceof HTMLElement) before.focus({ preventScroll: true });
			if (emoji) remember(KEYS.emoji, emoji, MOST_RECENT);
			resolve(emoji);
		};
		field.addEventListener('input', draw);
		box.addEventListener('toggle', ({ newState }) => {
			if (newState === 'closed') end(null);
		});
		list.addEventListener('click', ({ target }) => {
			if (target instanceof HTMLElement && target.dataset.emoji) end(target.dataset.emoji);
		});
		onKey(box, (event) => {
			const buttons = all('button', list);
			const at = focusedAt(buttons);
			if (event.key === 'Enter' && at < 0) {
				event.preventDefault();
				end(buttons[0]?.dataset.emoji ?? null);
			} else if (event.key === 'ArrowDown' && at < 0) walk(event, buttons[0]);
			else if (at >= 0 && event.key.startsWith('Arrow')) walk(event, neighbour(buttons, at, event.key) ?? field);
		});
	});
}

/**
 * A field of a form: a button that shows an emoji, where one is chosen, and opens the picker.
 * @param {string} name
 * @param {string} label
 * @param {string} [value]
 */
export function emojiField(name, label, value = '') {
	const input = el('input', { type: 'hidden', name, value });
	const button = el('button', { type: 'button', class: 'sign', title: label });
	const draw = () => {
		button.textContent = input.value || '🙂';
		button.classList.toggle('unset', !input.value);
		button.setAttribute('aria-label', input.value ? `${label}: ${input.value}` : label);
	};
	button.addEventListener('click', async () => {
		input.value = (await pick(button)) ?? input.value;
		draw();
	});
	draw();
	return el('span', {}, button, input);
}

/**
 * @param {Event} event
 * @param {HTMLElement | undefined} to
 */
function walk(event, to) {
	event.preventDefault();
	to?.focus();
}

/**
 * The one beside, above or below, as they are seen; nothing above the first row.
 * @param {HTMLElement[]} buttons
 * @param {number} at
 * @param {string} key
 */
function neighbour(buttons, at, key) {
	if (key === 'ArrowRight') return buttons[at + 1] ?? buttons[at];
	if (key === 'ArrowLeft') return buttons[at - 1];
	const { left, top } = buttons[at].getBoundingClientRect();
	const others = key === 'ArrowDown' ? buttons.slice(at + 1) : buttons.slice(0, at).reverse();
	const line = others.map((button) => button.getBoundingClientRect()).find((box) => box.top !== top)?.top;
	const row = others.filter((button) => button.getBoundingClientRect().top === line);
	const distance = (/** @type {HTMLElement} */ button) => Math.abs(button.getBoundingClientRect().left - left);
	return row.sort((a, b) => distance(a) - distance(b))[0] ?? (key === 'ArrowDown' ? buttons[at] : undefined);
}
