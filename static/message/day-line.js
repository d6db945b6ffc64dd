import { $, el, setText } from '../core/dom.js';
import { dayLabel } from '../core/time.js';

/**
 * The line above the messages of a day.
 * @param {Date} date
 */
export const dayLine = (date) =>
	el('div', { class: 'day', 'data-day': date.toISOString() }, el('span', {}, dayLabel(date)));

/**
 * Has the line above an article, or takes it away; one that is right stays.
 * @param {HTMLElement} article
 * @param {Date | null} date
 */
export function lineAbove(article, date) {
	const line = maybeLine(article);
	if (!date) line?.remove();
	else if (!line) article.before(dayLine(date));
	else setText($('span', line), dayLabel(date));
}

/** @param {HTMLElement} article */
function maybeLine({ previousElementSibling: above }) {
	const line = above?.matches('.fresh') ? above.previousElementSibling : above;
	return line?.matches('.day') ? line : null;
}
