import { el } from '../core/dom.js';
import { dayLabel } from '../core/time.js';

/**
 * The line above the messages of a day.
 * @param {Date} date
 */
export const dayLine = (date) =>
	el('div', { class: 'day', 'data-day': date.toISOString() }, el('span', {}, dayLabel(date)));
