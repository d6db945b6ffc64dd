import { el, style } from '../core/dom.js';
import { COMMAND, isTouched } from '../core/keyboard.js';
import { t } from '../core/text.js';

const ALT = COMMAND === '⌘' ? '⌥' : 'Alt';
const SHIFT = t('key.shift');

/** @type {Record<string, [what: string, keys: string[]][]>} */
const KEYS = {
	everywhere: [
		['switcher', [COMMAND, 'K']],
		['next', [ALT, '↓']],
		['previous', [ALT, '↑']],
		['unread', [ALT, SHIFT, '↓']],
		['read', [SHIFT, 'Esc']],
		['help', ['?']],
	],
	messages: [
		['walk', ['↑', '↓']],
		['reply', ['R']],
		['edit', ['E']],
		['react', ['+']],
		['delete', [t('key.delete')]],
		['undo', [COMMAND, 'Z']],
		['menu', ['M']],
		['write', ['Esc']],
	],
	composer: [
		[isTouched ? 'break' : 'send', ['Enter']],
		['break', [SHIFT, 'Enter']],
		['last', ['↑']],
		['bold', [COMMAND, 'B']],
		['italic', [COMMAND, 'I']],
		['code', [COMMAND, 'E']],
		['link', [COMMAND, SHIFT, 'K']],
		['quote', [COMMAND, SHIFT, '9']],
		['list', [COMMAND, SHIFT, '8']],
		['preview', [COMMAND, SHIFT, 'Enter']],
	],
};

/** Lists all keys. */
export async function openHelp() {
	await Promise.all([style('fields.css'), style('popups.css')]);
	const sections = Object.entries(KEYS).map(([place, keys]) => {
		const lines = keys.flatMap(([what, parts]) => [
			el('dt', {}, t(`help.${what}`)),
			el('dd', {}, ...parts.map((each) => el('kbd', {}, each))),
		]);
		return el('section', {}, el('h3', {}, t(`help.${place}`)), el('dl', {}, ...lines));
	});
	const close = el('button', { class: 'button quiet' }, t('close'));
	const form = el(
		'form',
		{ method: 'dialog' },
		el('h2', { id: 'help-title', tabindex: '-1', autofocus: true }, t('help.title')),
		el('div', { class: 'columns' }, ...sections),
		el('div', { class: 'actions' }, close),
	);
	const dialog = el('dialog', { class: 'ask help', 'aria-labelledby': 'help-title' }, form);
	dialog.addEventListener('close', () => dialog.remove());
	document.body.append(dialog);
	dialog.showModal();
}
