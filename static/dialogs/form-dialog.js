import { el, style } from '../core/dom.js';
import { t } from '../core/text.js';
import { uniqueId } from '../core/widget.js';
import { textOf } from '../net/api.js';

/**
 * A labelled field of a dialog's form.
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} [hint]
 */
export function field(label, input, hint) {
	const id = uniqueId('field');
	input.id = id;
	if (hint) input.setAttribute('aria-describedby', `${id}-hint`);
	const small = hint ? el('small', { id: `${id}-hint`, class: 'soft' }, hint) : null;
	return el('div', { class: 'field' }, el('label', { for: id }, label), input, small);
}

/**
 * Choices of which one is taken.
 * @param {string} name
 * @param {string} legend
 * @param {[value: string, label: string][]} choices
 * @param {string} chosen
 */
export function choice(name, legend, choices, chosen) {
	const labels = choices.map(([value, label]) =>
		el('label', {}, el('input', { type: 'radio', name, value, checked: value === chosen }), ` ${label}`),
	);
	return el('fieldset', { class: 'choice' }, el('legend', {}, legend), ...labels);
}

/**
 * Opens a form over the page; the focus goes back when it is closed. Where what `submit` does fails the dialog says why and
 * stays. It stays too where `submit` answers true.
 * @param {string} title
 * @param {string} yes
 * @param {Node[]} content
 * @param {(values: Record<string, string>, dialog: HTMLDialogElement) => Promise<boolean | void>} submit
 */
export async function formDialog(title, yes, content, submit) {
	await Promise.all([style('fields.css'), style('popups.css'), style('dialogs.css')]);
	const id = uniqueId('dialog');
	const error = el('p', { class: 'error', role: 'alert', hidden: true });
	const cancel = el('button', { type: 'button', class: 'button quiet' }, t('cancel'));
	const button = el('button', { class: 'button' }, yes);
	const actions = el('div', { class: 'actions' }, cancel, button);
	const form = el('form', { novalidate: false }, el('h2', { id }, title), ...content, error, actions);
	const box = el('dialog', { class: 'ask sheet', 'aria-labelledby': id }, form);
	cancel.addEventListener('click', () => box.close());
	box.addEventListener('close', () => box.remove());
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		button.disabled = true;
		error.hidden = true;
		/** @type {Record<string, string>} */
		const values = {};
		for (const [name, value] of new FormData(form)) if (typeof value === 'string') values[name] = value;
		try {
			if (!(await submit(values, box))) box.close();
		} catch (refusal) {
			error.textContent = textOf(refusal);
			error.hidden = false;
		}
		button.disabled = false;
	});
	document.body.append(box);
	box.showModal();
	return box;
}
