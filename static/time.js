import { locale, t } from './text.js';

const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' });
const thisYear = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const anyYear = new Intl.DateTimeFormat(locale, { dateStyle: 'full' });

export const clockTime = (date) => clock.format(date);
export const fullTime = (date) => full.format(date);

/** A day of the reader's own calendar, as text to compare. */
export const dayOf = (date) => `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;

export function dayLabel(date, now = new Date()) {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dayOf(date) === dayOf(now)) return t('time.today');
  if (dayOf(date) === dayOf(yesterday)) return t('time.yesterday');
  return (date.getFullYear() === now.getFullYear() ? thisYear : anyYear).format(date);
}
