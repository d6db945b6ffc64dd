import { el } from '../core/dom.js';
import { t } from '../core/text.js';

/**
 * Says why a message was not sent, and offers what can be done.
 * @param {HTMLElement} why where
 * @param {{ text?: string | null, again: (() => void) | null, discard: () => void }} options
 */
export function explain(why, { text, again, discard }) {
	const button = (/** @type {string} */ label, /** @type {() => void} */ act) => {
		const made = el('button', { type: 'button', class: 'link' }, label);
		made.addEventListener('click', act);
		return made;
	};
	why.append(`${text ?? t('outbox.why')} `);
	if (again) why.append(button(t('outbox.again'), again), ' ');
	why.append(button(t('outbox.discard'), discard));
}
