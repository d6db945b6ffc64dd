import { all, closest, el, style, targetOf } from '../core/dom.js';
import { folded, matching } from '../core/fuzzy.js';
import { onKey } from '../core/keyboard.js';
import { t } from '../core/text.js';
import { uniqueId } from '../core/widget.js';
import { search } from '../dialogs/emoji-picker.js';
import { api } from '../net/api.js';
import { searchRooms } from '../net/room-search.js';
import { nameOf } from '../people/avatars.js';

/** @typedef {{ label: string, mark: string, aside: string, text: string }} Found */
/** @typedef {{ all: () => { slug: string, title: string, kind: Wire.RoomKind }[] }} CompletionRooms */

const MOST = 8;
const TOKEN = /([@＠#:])([\p{L}\p{M}\p{N}._+-]*)$/u;
// What a sign is a part of where it stands behind it: an address, a path, a number. Names and rooms as the server has them
// (docs/markdown.md); what may be a path is none at its beginning.
/** @type {Record<string, RegExp>} */
const PART_OF = { '@': /[a-z0-9._+][/-]*$/i, '#': /[a-z0-9_#&]\/*$/i, ':': /[a-z0-9:]$/i };

/** Completes `@people`, `#rooms` and `:emoji` in a text box: arrow keys choose, Enter and Tab take, Escape leaves. */
export class Completion {
	/** @type {Found[]} */
	#found = [];
	#at = -1;
	#start = 0; // where the token begins
	#asked = 0;
	/** @type {string | null} */
	#dismissed = null; // the token that Escape was pressed at
	/** @type {Map<number, Wire.User>} */
	#people = new Map(); // by id: whom the server has named
	/** @type {string[]} */
	#whole = []; // beginnings of which it has named all
	#id = uniqueId('completion');
	#list;
	#text;
	#room;
	#rooms;

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.root where the list goes
	 * @param {HTMLTextAreaElement} options.text
	 * @param {string} options.room
	 * @param {CompletionRooms} options.rooms
	 */
	constructor({ root, text, room, rooms }) {
		this.#text = text;
		this.#room = room;
		this.#rooms = rooms;
		this.#list = el('ul', {
			id: this.#id,
			class: 'pop completion',
			role: 'listbox',
			popover: 'manual',
			'aria-label': t('complete.title'),
		});
		root.append(this.#list);
		text.setAttribute('aria-autocomplete', 'list');
		text.setAttribute('aria-controls', this.#id);
		// Before the text box's own meaning of Enter and of the arrow keys.
		onKey(text, (event) => this.#key(event), { capture: true });
		text.addEventListener('blur', () => this.#close());
		this.#list.addEventListener('pointerdown', (event) => {
			event.preventDefault(); // the text box keeps the focus
			const item = targetOf(event, 'li');
			if (item) this.#take(this.#items().indexOf(item));
		});
	}

	async update() {
		const { value, selectionStart, selectionEnd } = this.#text;
		const before = value.slice(0, selectionStart);
		const token = selectionStart === selectionEnd && !inCode(before) ? before.match(TOKEN) : null;
		const [{ length }, written, word] = token ?? [''];
		const sign = written === '＠' ? '@' : written;
		const isPart = sign && PART_OF[sign].test(before.slice(0, -length));
		if (!sign || isPart || before === this.#dismissed || (sign === ':' && word.length < 2)) return this.#close();
		this.#asked += 1;
		const asked = this.#asked;
		await style('popups.css');
		for await (const found of this.#search(sign, folded(word))) {
			if (asked !== this.#asked || this.#text.value !== value) return;
			this.#start = selectionStart - word.length - 1;
			this.#show(found);
		}
	}

	#items() {
		return all('li', this.#list);
	}

	/**
	 * Who is known comes first: nobody takes what matched less of the word while the server is asked.
	 * @param {string} sign
	 * @param {string} word
	 * @returns {AsyncGenerator<Found[], void>}
	 */
	async *#search(sign, word) {
		if (sign === '@') {
			yield best(this.#members(), word);
			await this.#ask(word);
			const groups = ['here', 'room'].map((name) => ({
				mark: '@',
				label: name,
				aside: t(`complete.${name}`),
				text: `@${name} `,
			}));
			yield best([...this.#members(), ...groups], word);
		} else if (sign === ':') yield await this.#emoji(word);
		else yield* this.#findRooms(word);
	}

	/** @param {string} word */
	async #emoji(word) {
		const found = await search(word, MOST);
		return found.map(([emoji, name, code]) => ({
			mark: emoji,
			label: code ? `:${code}:` : name,
			aside: '',
			text: emoji,
		}));
	}

	/**
	 * One's own rooms, and then others too.
	 * @param {string} word
	 * @returns {AsyncGenerator<Found[], void>}
	 */
	async *#findRooms(word) {
		const options = (/** @type {{ slug: string, title: string, kind: Wire.RoomKind }[]} */ rooms) =>
			rooms
				.filter(({ kind }) => kind !== 'direct')
				.map(({ slug, title }) => ({ mark: '#', label: slug, aside: title === slug ? '' : title, text: `#${slug} ` }));
		const mine = options(this.#rooms.all());
		yield best(mine, word);
		if (!word) return;
		const others = (await searchRooms(word, MOST)).filter(({ member }) => !member);
		yield best([...mine, ...options(others)], word);
	}

	#members() {
		return [...this.#people.values()].map((user) => ({
			mark: '@',
			label: user.username,
			aside: nameOf(user),
			text: `@${user.username} `,
		}));
	}

	/**
	 * Has the server name members whose names begin so. Who has come in since is found from the next `@` on.
	 * @param {string} word
	 */
	async #ask(word) {
		if (!word) this.#whole = [];
		if (this.#whole.some((each) => word.startsWith(each))) return;
		/** @type {Wire.Members | null} */
		const answer = await api('GET', `/rooms/${this.#room}/members?q=${encodeURIComponent(word)}&limit=${MOST}`).catch(
			() => null,
		);
		if (!answer) return;
		for (const { user } of answer.members) this.#people.set(user.id, user);
		if (answer.members.length < MOST) this.#whole.push(word);
	}

	/** @param {Found[]} found */
	#show(found) {
		const chosen = this.#at > 0 ? this.#found[this.#at].text : null;
		this.#found = found;
		if (!found.length) return this.#hide();
		const items = found.map(({ mark, label, aside }, index) =>
			el(
				'li',
				{ role: 'option', id: `${this.#id}-${index}` },
				el('i', { 'aria-hidden': 'true' }, mark),
				el('b', { dir: 'auto' }, label),
				el('small', { dir: 'auto' }, aside === label ? '' : aside),
			),
		);
		this.#list.replaceChildren(...items);
		if (!this.#list.matches(':popover-open')) this.#list.showPopover();
		const box = (closest(this.#text, '.box') ?? this.#text).getBoundingClientRect();
		Object.assign(this.#list.style, {
			left: `${box.left}px`,
			width: `${Math.min(box.width, 440)}px`,
			bottom: `${innerHeight - box.top + 6}px`,
		});
		const index = found.findIndex(({ text }) => text === chosen);
		this.#choose(Math.max(0, index));
	}

	/** @param {number} at */
	#choose(at) {
		this.#at = (at + this.#found.length) % this.#found.length;
		for (const [index, item] of this.#items().entries()) item.setAttribute('aria-selected', String(index === this.#at));
		this.#items()[this.#at].scrollIntoView({ block: 'nearest' });
		this.#text.setAttribute('aria-activedescendant', `${this.#id}-${this.#at}`);
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		if (this.#at < 0 || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
		if (event.key === 'ArrowDown') this.#choose(this.#at + 1);
		else if (event.key === 'ArrowUp') this.#choose(this.#at - 1);
		else if (event.key === 'Enter' || event.key === 'Tab') this.#take(this.#at);
		else if (event.key === 'Escape') {
			this.#dismissed = this.#text.value.slice(0, this.#text.selectionStart);
			this.#close();
		} else return;
		event.preventDefault();
		event.stopImmediatePropagation();
	}

	/** @param {number} at */
	#take(at) {
		const { text } = this.#found[at];
		const end = this.#text.selectionStart;
		this.#text.setSelectionRange(this.#start, end);
		this.#close();
		if (!document.execCommand('insertText', false, text)) {
			this.#text.setRangeText(text, this.#start, end, 'end');
			this.#text.dispatchEvent(new Event('input', { bubbles: true }));
		}
	}

	#close() {
		this.#asked += 1;
		this.#hide();
	}

	#hide() {
		this.#at = -1;
		this.#text.removeAttribute('aria-activedescendant');
		if (this.#list.matches(':popover-open')) this.#list.hidePopover();
	}
}

/**
 * An odd number of fences or of backquotes is open.
 * @param {string} before
 */
function inCode(before) {
	const fences = before.split('```').length - 1;
	const line = before.slice(before.lastIndexOf('\n') + 1).replaceAll('```', '');
	return fences % 2 === 1 || (line.split('`').length - 1) % 2 === 1;
}

/**
 * @param {Found[]} items
 * @param {string} word
 */
const best = (items, word) => matching(word, items, ({ label, aside }) => [label, aside], 3).slice(0, MOST);
