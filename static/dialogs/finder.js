import { all, el, targetOf } from '../core/dom.js';
import { onKey } from '../core/keyboard.js';
import { t } from '../core/text.js';
import { uniqueId } from '../core/widget.js';

/**
 * @typedef {object} Option
 * @property {string} key
 * @property {string} label
 * @property {string} [note]
 * @property {Node} [mark]
 */

/**
 * A field with a list of what it finds below it (an ARIA combobox).
 * @template {Option} T
 * @param {object} options
 * @param {string} options.label
 * @param {(text: string, show: (found: T[]) => void) => Promise<T[] | null>} options.find answers what matches (null:
 *   nothing new), and may `show` a part before; what a later text finds wins
 * @param {(option: T) => void} options.take is told what was chosen
 * @param {() => boolean} [options.go] Enter in the empty field; true where something was done
 */
export function finder({ label, find, take, go = () => false }) {
	const id = uniqueId('finder');
	const list = el('ul', { id, role: 'listbox', 'aria-label': label, class: 'found' });
	const input = el('input', {
		type: 'text',
		role: 'combobox',
		'aria-label': label,
		placeholder: label,
		'aria-expanded': 'true',
		'aria-controls': id,
		'aria-autocomplete': 'list',
		autocomplete: 'off',
		autocapitalize: 'none',
		spellcheck: 'false',
		dir: 'auto',
		autofocus: true,
	});
	const none = el('p', { class: 'soft none', role: 'status' });
	/** @type {T[]} */
	let options = [];
	let at = 0;
	let asked = 0;

	const mark = (/** @type {number} */ next) => {
		list.children[at]?.removeAttribute('aria-selected');
		at = next;
		const item = list.children[at];
		item?.setAttribute('aria-selected', 'true');
		item?.scrollIntoView({ block: 'nearest' });
		if (item) input.setAttribute('aria-activedescendant', item.id);
		else input.removeAttribute('aria-activedescendant');
	};
	const show = (/** @type {T[]} */ found) => {
		options = found;
		const items = options.map((option, index) =>
			el(
				'li',
				{ role: 'option', id: `${id}-${index}`, 'data-key': option.key },
				option.mark,
				el('span', { class: 'name', dir: 'auto' }, option.label),
				option.note ? el('small', { class: 'soft' }, option.note) : null,
			),
		);
		list.replaceChildren(...items);
		none.textContent = options.length ? '' : t('find.none');
		at = 0;
		mark(0);
	};
	const search = async () => {
		asked += 1;
		const mine = asked;
		const found = await find(input.value.trim(), (some) => {
			if (mine === asked) show(some);
		}).catch(() => null);
		if (found && mine === asked) show(found);
	};
	input.addEventListener('input', search);
	onKey(input, (event) => {
		const last = options.length - 1;
		if (event.key === 'ArrowDown') mark(at < last ? at + 1 : 0);
		else if (event.key === 'ArrowUp') mark(at > 0 ? at - 1 : last);
		else if (event.key === 'Enter' && !input.value && go()) return event.preventDefault();
		else if (event.key === 'Enter' && options[at]) take(options[at]);
		else if (event.key !== 'Enter') return;
		event.preventDefault();
	});
	list.addEventListener('mousedown', (event) => event.preventDefault()); // the field keeps the focus
	list.addEventListener('click', (event) => {
		const item = targetOf(event, 'li');
		if (item) take(options[all('li', list).indexOf(item)]);
	});
	search();
	const say = (/** @type {string} */ text) => {
		none.textContent = text;
	};
	return { input, box: el('div', { class: 'finder' }, input, list, none), search, say };
}
