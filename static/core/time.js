import { locale } from './locale.js';
import { t } from './text.js';

/** @param {Intl.DateTimeFormatOptions} options */
const format = (options) => new Intl.DateTimeFormat(locale, options).format;

const short = format({ timeStyle: 'short' });
export const fullTime = format({ dateStyle: 'full', timeStyle: 'medium' });
const thisYear = format({ weekday: 'long', day: 'numeric', month: 'long' });
const anyYear = format({ dateStyle: 'full' });

/**
 * As the server writes it too (`src/app/local_time.rs`): with spaces that are as wide as any.
 * @param {Date} date
 */
export const clockTime = (date) => short(date).replace(/\s/g, ' ');

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
