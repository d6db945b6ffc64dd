import { copy } from '../core/clipboard.js';
import { $, el, setText } from '../core/dom.js';
import { t } from '../core/text.js';
import { api } from '../net/api.js';
import { field, formDialog } from './form-dialog.js';

const HOURS = [24, 168, 720];
const USES = [1, 10, 0];

/**
 * @param {'hours' | 'uses'} name
 * @param {number[]} values
 * @param {number} chosen
 */
function select(name, values, chosen) {
	const options = values.map((value) =>
		el('option', { value, selected: value === chosen }, t(`invite.${name}-${value}`)),
	);
	return el('select', { name }, ...options);
}

/**
 * Makes a link that lets others in, and shows it.
 * @param {string} room its slug
 * @param {string} name
 */
export function open(room, name) {
	const content = [
		field(t('invite.hours'), select('hours', HOURS, 168)),
		field(t('invite.uses'), select('uses', USES, 1)),
	];
	return formDialog(t('invite.title', { room: name }), t('invite.make'), content, async ({ hours, uses }, box) => {
		/** @type {{ url: string }} */
		const { url } = await api('POST', '/invitations', { room, hours: Number(hours), uses: Number(uses) });
		show(box, url);
		return true;
	});
}

/**
 * @param {HTMLDialogElement} box
 * @param {string} url
 */
function show(box, url) {
	const link = el('input', { readonly: true, value: url, dir: 'ltr', name: 'link' });
	const button = el('button', { type: 'button', class: 'button' }, t('invite.copy'));
	const close = el('button', { type: 'button', class: 'button quiet' }, t('invite.done'));
	const told = el('p', { class: 'soft', role: 'status' }, t('invite.rule'));
	button.addEventListener('click', async () => setText(told, t((await copy(url)) ? 'invite.copied' : 'copy.failed')));
	close.addEventListener('click', () => box.close());
	const picture = el('img', {
		class: 'qr',
		src: `${new URL(url).pathname}/qr.svg`,
		alt: t('invite.qr'),
		width: '200',
		height: '200',
	});
	const actions = el('div', { class: 'actions' }, close, button);
	$('form', box).replaceChildren($('h2', box), picture, field(t('invite.link'), link), told, actions);
	link.select();
	button.focus();
}
