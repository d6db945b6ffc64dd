import { closest, el, style } from '../core/dom.js';
import { onKey } from '../core/keyboard.js';
import { focusedAt } from '../core/widget.js';

/**
 * @typedef {object} Item
 * @property {string} label
 * @property {string} [mark] an emoji: the item stands in a row above
 * @property {boolean} [danger]
 * @property {() => void} act
 */

/** @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

/**
 * Puts a popover beside an element, their ends or their starts in one line, inside the window. On a small window it is a
 * drawer at the bottom.
 * @param {HTMLElement} box
 * @param {Element} near
 */
export function place(box, near, atStart = false) {
	if (matchMedia('(max-width: 720px)').matches) return;
	const at = near.getBoundingClientRect();
	const { width, height } = box.getBoundingClientRect();
	const wanted = (document.dir === 'rtl') === atStart ? at.right - width : at.left;
	const left = Math.min(Math.max(8, wanted), innerWidth - width - 8);
	const below = at.bottom + 4 + height < innerHeight;
	const top = Math.max(8, below ? at.bottom + 4 : at.top - height - 4);
	Object.assign(box.style, { left: `${left}px`, top: `${top}px` });
}

/**
 * A menu beside an element. Arrow keys walk, Escape and a click elsewhere close it; the focus goes back unless the act has
 * moved it.
 * @param {Element} near
 * @param {string} label
 * @param {Item[]} items
 */
export async function menu(near, label, items) {
	await style('popups.css');
	const before = document.activeElement;
	const buttons = items.map(({ label: text, mark, danger, act }) => {
		const attributes = {
			type: 'button',
			role: 'menuitem',
			tabindex: '-1',
			class: danger ? 'danger' : null,
			'aria-label': mark ? text : null,
			title: mark ? text : null,
		};
		const button = el('button', attributes, mark ?? text);
		button.addEventListener('click', () => {
			close();
			act();
		});
		return button;
	});
	const marks = buttons.filter((_, index) => items[index].mark);
	const box = el(
		'div',
		{ class: 'pop menu', role: 'menu', popover: 'auto', 'aria-label': label },
		marks.length ? el('div', { class: 'marks', role: 'none' }, ...marks) : null,
		...buttons.filter((button) => !marks.includes(button)),
	);
	const close = () => {
		box.remove();
		if (before instanceof HTMLElement) before.focus({ preventScroll: true });
	};
	box.addEventListener('toggle', ({ newState }) => {
		if (newState === 'closed' && box.isConnected) close();
	});
	onKey(box, (event) => {
		if (event.key === 'Tab') return close();
		const step = STEPS[event.key];
		if (!step) return;
		event.preventDefault();
		event.stopPropagation();
		const at = focusedAt(buttons);
		const next = Number.isFinite(step) ? at + step : step > 0 ? -1 : 0;
		buttons.at(next % buttons.length)?.focus();
	});
	(closest(near, 'main, nav, aside') ?? document.body).append(box); // within a landmark
	box.showPopover();
	place(box, near);
	buttons[0].focus();
}
