import { $, all, maybe } from '../core/dom.js';
import { clockTime, dayOf, fullTime } from '../core/time.js';
import { enliven } from './body.js';
import { dayLine } from './day-line.js';
import { continues, isJustEmoji } from './message.js';

/**
 * Gives the messages that came with the page the reader's own time, days, grouping and mentions, as the live list will
 * have them: nothing jumps when it takes over, and all is well to read while the server can't be reached.
 * @param {HTMLElement} list
 * @param {import('./body.js').Reader} reader
 */
export function hydrate(list, reader) {
	/** @type {import('./message.js').Facts | null} */
	let above = null;
	for (const article of all('.msg[data-author]', list)) {
		const time = $('time', article, HTMLTimeElement);
		const sent = new Date(time.dateTime);
		const facts = { author: Number(article.dataset.author), sent, reply: maybe('.quote', article) !== null };
		time.textContent = clockTime(sent);
		time.title = fullTime(sent);
		const newDay = !above || dayOf(above.sent) !== dayOf(sent);
		if (newDay) article.before(dayLine(sent));
		article.classList.toggle('cont', !newDay && above !== null && continues(facts, above));
		const body = $('.body', article);
		article.classList.toggle('big', isJustEmoji(body.textContent ?? ''));
		if (enliven(body, facts.author, reader)) article.classList.add('mention');
		above = facts;
	}
}
