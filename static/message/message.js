import { $, el, setText } from '../core/dom.js';
import { face, nameOf } from '../people/avatars.js';
import { t } from '../core/text.js';
import { clockTime, fullTime } from '../core/time.js';

const JUST_EMOJI = /^(?:\p{RGI_Emoji}\s*){1,6}$/v;
const QUOTE_LENGTH = 120;
const TOGETHER = 5 * 60_000; // ms within which messages of one author stand under one name

export const articleId = (id) => `m-${id}`;

/** Whether a message by someone else speaks to this user, as far as the page can tell. */
export function mentions(message, me, quoted) {
  if (message.deleted || message.author.id === me.id) return false;
  if (quoted?.author.id === me.id) return true;
  const prose = message.body.replace(/```[^]*?(?:```|$)|`[^`\n]*`/g, ' ').toLowerCase();
  const name = me.username.toLowerCase().replace(/[.]/g, '\\.');
  return new RegExp(`(?:^|[^a-z0-9._@-])@${name}(?![a-z0-9_-]|[.][a-z0-9_-])`).test(prose);
}

/** Whether a message is so short and so cheerful that it is shown large. */
export const isJustEmoji = (text) => JUST_EMOJI.test(text.trim());

/** Whether a message stands under the name of the one above it. Both `{ author, sent, reply }`. */
export function continues(message, above) {
  return !message.reply && above.author === message.author && Math.abs(message.sent - above.sent) < TOGETHER;
}

export function newArticle(message) {
  const article = el('article', { class: 'msg', id: articleId(message.id), 'data-id': message.id, tabindex: '-1' });
  article.append(face(message.author), el('div', { class: 'main' }));
  return article;
}

/** What stands for the text of a deleted message. */
function gone(message) {
  return t(message.removed ? 'message.removed' : 'message.deleted');
}

/** Draws a message's state into its article, whatever was there; the toolbar beside it stays. */
export function paint(article, message, { me, quoted }) {
  const main = $('.main', article);
  const pressed = main.contains(document.activeElement) && document.activeElement.dataset.emoji;
  const parts = [head(message)];
  if (message.deleted) {
    parts.push(el('div', { class: 'body gone' }, gone(message)));
  } else {
    if (message.reply_to != null) parts.push(quote(message.reply_to, quoted));
    parts.push(body(message, me));
    if (message.edited_at) parts.push(el('small', { class: 'edited', title: fullTime(new Date(message.edited_at)) }, t('message.edited')));
    if (message.reactions?.length) parts.push(reactions(message.reactions, me));
  }
  main.replaceChildren(...parts);
  article.classList.toggle('own', message.author.id === me.id);
  article.classList.toggle('big', !message.deleted && isJustEmoji(message.body));
  article.classList.toggle('mention', mentions(message, me, quoted));
  // Redrawing took the focus from a reaction that was toggled by keyboard.
  if (pressed) ([...main.querySelectorAll('.react')].find((react) => react.dataset.emoji === pressed) ?? article).focus();
}

function head(message) {
  const sent = new Date(message.sent_at);
  return el('header', {},
    personLink(message.author.username, { class: 'author', dir: 'auto' }, nameOf(message.author)),
    el('time', { datetime: message.sent_at, title: fullTime(sent) }, clockTime(sent)));
}

// A click opens the card: see `dialogs/openers.js`.
function personLink(username, attributes, text) {
  return el('a', { ...attributes, href: `/people/${username}`, title: `@${username}` }, text);
}

function body(message, me) {
  const node = el('div', { class: 'body', dir: 'auto' });
  node.innerHTML = message.html; // sanitised by the server, once a message
  for (const at of node.querySelectorAll('span.at')) {
    const name = at.textContent.slice(1).toLowerCase();
    if (name === me.username.toLowerCase()) at.classList.add('mine');
    if (!at.closest('a') && !['here', 'room'].includes(name)) at.replaceWith(personLink(name, { class: at.className }, at.textContent));
  }
  if (message.body.includes('#')) linkRooms(node);
  for (const code of node.querySelectorAll('pre')) code.tabIndex = 0; // scrolls sideways by keyboard too
  return node;
}

// `#room` leads to a room that the reader knows of.
function linkRooms(node) {
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT, ({ data, parentElement }) =>
    data.includes('#') && !parentElement.closest('a, code') ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP);
  const found = [];
  while (texts.nextNode()) found.push(texts.currentNode);
  for (const text of found) {
    const parts = text.data.split(/(?<![\p{L}\p{N}_#&/])(#[a-z0-9-]{1,64})(?![\p{L}\p{N}_])/u);
    text.replaceWith(...parts.map((part, index) => index % 2 && document.querySelector(`#rooms a[data-slug="${part.slice(1)}"]`)
      ? el('a', { class: 'at', href: `/rooms/${part.slice(1)}` }, part) : part));
  }
}

export function quote(id, quoted) {
  const node = el('a', { class: 'quote', href: `#${articleId(id)}`, 'data-to': id });
  fillQuote(node, quoted);
  return node;
}

export function fillQuote(node, quoted) {
  if (!quoted) return setText(node, t('message.earlier'));
  const text = quoted.deleted ? gone(quoted) : quoted.body.replace(/\s+/g, ' ').slice(0, QUOTE_LENGTH);
  node.replaceChildren(el('b', { dir: 'auto' }, nameOf(quoted.author)), ' ', el('bdi', {}, text));
}

function reactions(list, me) {
  return el('div', { class: 'reacts', role: 'group', 'aria-label': t('message.reactions') }, ...list.map(({ emoji, count, users }) => {
    const mine = users.some((name) => name.toLowerCase() === me.username.toLowerCase());
    return el('button', {
      type: 'button', class: `react${mine ? ' mine' : ''}`, 'aria-pressed': String(mine), 'data-emoji': emoji,
      'aria-label': `${emoji}, ${count}`, title: users.join(', '),
    }, `${emoji} `, el('b', {}, String(count)));
  }));
}
