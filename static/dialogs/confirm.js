import { el, style } from '../core/dom.js';
import { t } from '../core/text.js';

/**
 * Asks a yes or no question; the dialog gives the focus back by itself.
 * @param {string} question
 * @param {string} yes
 * @returns {Promise<boolean>}
 */
export async function confirm(question, yes) {
	await Promise.all([style('fields.css'), style('popups.css')]);
	const button = el('button', { class: 'button danger', value: 'yes', id: 'ask-yes' }, yes);
	const cancel = el('button', { class: 'button quiet', value: 'no' }, t('cancel'));
	const form = el(
		'form',
		{ method: 'dialog' },
		el('p', { id: 'ask-text' }, question),
		el('div', { class: 'actions' }, cancel, button),
	);
	const dialog = el('dialog', { id: 'ask', class: 'ask', 'aria-labelledby': 'ask-text' }, form);
	document.body.append(dialog);
	dialog.showModal();
	button.focus();
	await new Promise((resolve) => {
		dialog.addEventListener('close', resolve, { once: true });
	});
	dialog.remove();
	return dialog.returnValue === 'yes';
}
