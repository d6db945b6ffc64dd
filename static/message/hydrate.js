import { $ } from '../core/dom.js';
import { clockTime, dayOf, fullTime } from '../core/time.js';
import { continues, isJustEmoji } from './message.js';
import { dayLine } from '../room/message-list.js';

/**
 * Gives the messages that came with the page the reader's own time, days, grouping and mentions, as the live list will
 * have them: nothing jumps when it takes over, and all is well to read while the server can't be reached.
 */
export function localise(list, me) {
  const name = `@${me.username.toLowerCase()}`;
  let above = null;
  for (const article of list.querySelectorAll('.msg[data-author]')) {
    const time = $('time', article);
    const sent = new Date(time.dateTime);
    const message = { author: article.dataset.author, sent, reply: $('.quote', article) !== null };
    time.textContent = clockTime(sent);
    time.title = fullTime(sent);
    const newDay = !above || dayOf(above.sent) !== dayOf(sent);
    if (newDay) article.before(dayLine(sent));
    article.classList.toggle('cont', !newDay && continues(message, above));
    article.classList.toggle('big', isJustEmoji($('.body', article).textContent));
    for (const at of article.querySelectorAll('.at')) {
      if (at.textContent.toLowerCase() !== name) continue;
      at.classList.add('mine');
      if (message.author !== String(me.id)) article.classList.add('mention');
    }
    above = message;
  }
}
