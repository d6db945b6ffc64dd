/*
 * Keeps a cookie by which the server writes times as this browser does: the time zone, and how nine hours and five minutes of a
 * Sunday, 7 January, are written (`src/app/local_time.rs`).
 */
import { locale } from '../core/locale.js';

const NAME = 'klatch_clock';
const YEAR = 365 * 24 * 60 * 60; // s
const sunday = new Date(2001, 0, 7, 9, 5);

/** @param {Intl.DateTimeFormatOptions} options */
const sample = (options) => new Intl.DateTimeFormat(locale, options).format(sunday).replace(/\s/g, ' ');

const parts = [
	new Intl.DateTimeFormat().resolvedOptions().timeZone,
	sample({ timeStyle: 'short' }),
	sample({ weekday: 'long', day: 'numeric', month: 'long' }),
];
const cookie = `${NAME}=${encodeURIComponent(parts.join('~'))}`;
const secure = location.protocol === 'https:' ? '; secure' : '';
if (!document.cookie.split('; ').includes(cookie)) {
	// biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is for secure contexts alone
	document.cookie = `${cookie}; path=/; max-age=${YEAR}; samesite=lax${secure}`;
}
