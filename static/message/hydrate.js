import { $, all, setText } from '../core/dom.js';
import { clockTime, dayOf, fullTime } from '../core/time.js';
import { enliven } from './body.js';
import { lineAbove } from './day-line.js';
import { continues, isJustEmoji } from './message.js';

/**
 * Gives the messages that came with the page the reader's own time, days, grouping and mentions, as the live list will
 * have them: nothing jumps when it takes over, and all is well to read while the server can't be reached. The server has done
 * most of it, where it knows the reader's clock (`pages/clock.js`): what is right stays untouched.
 * @param {HTMLElement} list
 * @param {import('./body.js').Reader} reader
 */
export function hydrate(list, reader) {
	/** @type {import('./message.js').Facts | null} */
	let above = null;
	for (const article of all('.msg[data-author]', list)) {
		const time = $('time', article, HTMLTimeElement);
		const sent = new Date(time.dateTime);
		const facts = { author: Number(article.dataset.author), sent, reply: article.dataset.reply !== undefined };
		setText(time, clockTime(sent));
		time.title = fullTime(sent);
		const newDay = !above || dayOf(above.sent) !== dayOf(sent);
		lineAbove(article, newDay ? sent : null);
		const fresh = article.previousElementSibling?.matches('.fresh');
		article.classList.toggle('cont', !newDay && !fresh && above !== null && continues(facts, above));
		const body = $('.body', article);
		article.classList.toggle('big', !body.matches('.gone') && isJustEmoji(body.textContent ?? ''));
		if (enliven(body, facts.author, reader)) article.classList.add('mention');
		above = facts;
	}
}
