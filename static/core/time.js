import { locale, t } from './text.js';

/** @param {Intl.DateTimeFormatOptions} options */
const format = (options) => new Intl.DateTimeFormat(locale, options).format;

export const clockTime = format({ timeStyle: 'short' });
export const fullTime = format({ dateStyle: 'full', timeStyle: 'medium' });
const thisYear = format({ weekday: 'long', day: 'numeric', month: 'long' });
const anyYear = format({ dateStyle: 'full' });

/**
 * A day of the reader's own calendar, as text to compare.
 * @param {Date} date
 */
export const dayOf = (date) => `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;

/**
 * What a line above the messages of a day says.
 * @param {Date} date
 */
export function dayLabel(date, now = new Date()) {
	const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
	if (dayOf(date) === dayOf(now)) return t('time.today');
	if (dayOf(date) === dayOf(yesterday)) return t('time.yesterday');
	return (date.getFullYear() === now.getFullYear() ? thisYear : anyYear)(date);
}
