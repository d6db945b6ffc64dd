import { locale } from './locale.js';
import { clockTime, dayOf } from './time.js';

const withDay = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format;

/**
 * A moment, without its day where that is today.
 * @param {Date} date
 */
export const momentTime = (date) => (dayOf(date) === dayOf(new Date()) ? clockTime : withDay)(date);
