import { all, closest, el, maybe, style, targetOf } from '../core/dom.js';
import { icon } from '../core/icons.js';
import { COMMAND, onKey } from '../core/keyboard.js';
import { KEYS, write } from '../core/storage.js';
import { t } from '../core/text.js';
import { focusedAt } from '../core/widget.js';
import { api, textOf } from '../net/api.js';

/** @typedef {'bold' | 'italic' | 'code' | 'link' | 'quote' | 'list' | 'emoji' | 'preview'} Form */

/** @type {Partial<Record<Form, string>>} */
const AROUND = { bold: '**', italic: '_', code: '`' };
/** @type {Partial<Record<Form, string>>} */
const BEFORE = { quote: '> ', list: '- ' };
/** @type {Record<Form, string>} */
const SIGNS = {
	bold: 'M6.500 4.500h4.200a2.700 2.700 0 0 1 0 5.400H6.500zM6.500 9.900h4.900a2.800 2.800 0 0 1 0 5.600H6.500z',
	italic: 'M8.500 4.500h5M6.500 15.500h5M11.500 4.500l-3 11',
	code: 'm7 6-4 4 4 4M13 6l4 4-4 4',
	link: 'M8.500 11.500a3 3 0 0 0 4.200 0l2.500-2.500A3 3 0 0 0 11 4.800l-1 1M11.500 8.500a3 3 0 0 0-4.200 0L4.800 11A3 3 0 0 0 9 15.200l1-1',
	quote: 'M5 5v10M9 7h7M9 11h5',
	list: 'M8 6h8M8 10h8M8 14h8M4.500 6h.01M4.500 10h.01M4.500 14h.01',
	emoji:
		'M10 3.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM7.700 8.500h.01M12.300 8.500h.01M7 11.500c1 2.300 5 2.300 6 0',
	preview: 'M2.500 10c3-5.500 12-5.500 15 0-3 5.500-12 5.500-15 0zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
};

/**
 * Puts text in the place of what is selected, so that the browser can undo it.
 * @param {HTMLTextAreaElement} text
 * @param {string} written
 */
function insert(text, written, start = text.selectionStart, end = text.selectionEnd) {
	text.focus();
	text.setSelectionRange(start, end);
	if (document.execCommand('insertText', false, written)) return;
	text.setRangeText(written, start, end, 'end');
	text.dispatchEvent(new Event('input', { bubbles: true }));
}

/**
 * @param {HTMLTextAreaElement} text
 * @param {string} mark
 */
function wrap(text, mark) {
	const { value, selectionStart: start, selectionEnd: end } = text;
	const chosen = value.slice(start, end);
	const long = mark.length;
	if (value.slice(start - long, start) === mark && value.slice(end, end + long) === mark) {
		insert(text, chosen, start - long, end + long);
		text.setSelectionRange(start - long, end - long);
	} else if (start === end && value.startsWith(mark, end)) {
		text.setSelectionRange(end + long, end + long); // out of what was begun
	} else {
		insert(text, `${mark}${chosen}${mark}`);
		text.setSelectionRange(start + long, end + long);
	}
}

/** @param {HTMLTextAreaElement} text */
function link(text) {
	const { value, selectionStart: start, selectionEnd: end } = text;
	const chosen = value.slice(start, end);
	const isAddress = /^https?:\/\/\S+$/.test(chosen);
	insert(text, isAddress ? `[](${chosen})` : `[${chosen}](https://)`);
	// What is missing is where the writing goes on.
	const at = isAddress ? start + 1 : start + chosen.length + 3;
	text.setSelectionRange(at, isAddress ? at : at + 8);
}

/**
 * @param {HTMLTextAreaElement} text
 * @param {string} sign
 */
function prefix(text, sign) {
	const { value, selectionStart, selectionEnd } = text;
	const start = value.lastIndexOf('\n', selectionStart - 1) + 1;
	const next = value.indexOf('\n', selectionEnd);
	const end = next < 0 ? value.length : next;
	const lines = value.slice(start, end).split('\n');
	const off = lines.every((line) => line.startsWith(sign));
	insert(text, lines.map((line) => (off ? line.slice(sign.length) : sign + line)).join('\n'), start, end);
}

/**
 * @param {HTMLTextAreaElement} text
 * @param {HTMLElement} near
 */
async function emoji(text, near) {
	const { selectionStart, selectionEnd } = text;
	const { pick } = await import('../dialogs/emoji-picker.js');
	const picked = await pick(near);
	if (picked) insert(text, picked, selectionStart, selectionEnd);
}

/**
 * Shows how the message will look, in the place of its text, or the text again.
 * @param {HTMLTextAreaElement} text
 */
async function preview(text) {
	const around = closest(text, '.box') ?? document.body;
	const shown = maybe('.preview', around);
	if (shown) {
		shown.remove();
		text.hidden = false;
		return text.focus();
	}
	const draft = text.value;
	if (!draft.trim()) return;
	await style('popups.css');
	const body = el('div', { class: 'body', dir: 'auto' });
	const back = el('button', { type: 'button', class: 'link' }, t('preview.back'));
	try {
		/** @type {Wire.Preview} */
		const { html } = await api('POST', '/preview', { body: draft });
		body.innerHTML = html; // sanitised by the server
	} catch (error) {
		body.textContent = textOf(error);
	}
	if (maybe('.preview', around) || text.value !== draft) return; // asked twice, or written on meanwhile
	const box = el('div', { class: 'preview', role: 'group', 'aria-label': t('format.preview') }, body, back);
	onKey(box, ({ key }) => {
		if (key === 'Escape') preview(text);
	});
	text.before(box);
	text.hidden = true;
	back.addEventListener('click', () => preview(text));
	back.focus();
}

/**
 * Gives what is selected in the text box a form: bold, italic, code, link, quote, list; or inserts an emoji, or shows a preview.
 * @param {HTMLTextAreaElement} text
 * @param {Form} form
 * @param {HTMLElement} [near]
 */
export function format(text, form, near = text) {
	const [around, before] = [AROUND[form], BEFORE[form]];
	if (around) wrap(text, around);
	else if (before) prefix(text, before);
	else if (form === 'link') link(text);
	else if (form === 'emoji') emoji(text, near);
	else preview(text);
}

/**
 * Shows the toolbar above a text box, or takes it away; the next page has it as it was left.
 * @param {HTMLTextAreaElement} text
 * @param {HTMLElement} button shows which
 */
export async function toggleToolbar(text, button) {
	await style('popups.css');
	const shown = button.ariaPressed === 'true';
	button.ariaPressed = String(!shown);
	write(KEYS.toolbar, shown ? null : 'on');
	document.documentElement.toggleAttribute('data-toolbar', !shown); // see `room/first-frame.js`
	if (shown) maybe('[role=toolbar]', closest(text, '.box') ?? document.body)?.remove();
	else text.before(toolbar(text));
}

/**
 * The buttons for all that; arrow keys go from one to the next.
 * @param {HTMLTextAreaElement} text
 */
function toolbar(text) {
	const buttons = Object.entries(SIGNS).map(([form, sign], index) => {
		const label = t(`format.${form}`, { command: COMMAND });
		const tabindex = index ? '-1' : '0';
		return el(
			'button',
			{ type: 'button', 'data-format': form, tabindex, 'aria-label': label, title: label },
			icon(form, sign),
		);
	});
	const bar = el(
		'div',
		{ class: 'format', role: 'toolbar', 'aria-label': t('format.bar'), 'aria-controls': text.id },
		...buttons,
	);
	bar.addEventListener('click', (event) => {
		const button = targetOf(event, 'button');
		if (button) format(text, /** @type {Form} */ (button.dataset.format), button);
	});
	onKey(bar, (event) => {
		const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
		if (!step) return;
		event.preventDefault();
		const each = all('button', bar);
		each.at((focusedAt(each) + step) % each.length)?.focus();
	});
	return bar;
}
