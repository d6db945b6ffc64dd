import { $, all, el, maybe, setText } from '../core/dom.js';
import { locale, t } from '../core/text.js';
import { clockTime, fullTime } from '../core/time.js';
import { face, nameOf } from '../people/avatars.js';
import { calledBy, withExtras } from '../people/names.js';
import { enliven } from './body.js';

/** @typedef {import('./body.js').Reader} Reader */
/** @typedef {{ author: number, sent: Date, reply: boolean }} Facts what decides how a message stands below another */

const JUST_EMOJI = /^(?:\p{RGI_Emoji}\s*){1,6}$/v;
const QUOTE_LENGTH = 120;
const lists = new Intl.ListFormat(locale);
const TOGETHER = 5 * 60_000; // ms within which messages of one author stand under one name

/** @param {number} id */
export const articleId = (id) => `m-${id}`;

/**
 * Whether a message is so short and so cheerful that it is shown large.
 * @param {string} text
 */
export const isJustEmoji = (text) => JUST_EMOJI.test(text.trim());

/**
 * Whether a message stands under the name of the one above it.
 * @param {Facts} message
 * @param {Facts} above
 */
export function continues(message, above) {
	const apart = Math.abs(message.sent.getTime() - above.sent.getTime());
	return !message.reply && above.author === message.author && apart < TOGETHER;
}

/** @param {Wire.Message} message */
export function newArticle(message) {
	const article = el('article', {
		class: 'msg',
		id: articleId(message.id),
		'data-id': message.id,
		'data-author': message.author.id,
		tabindex: '-1',
	});
	article.append(face(message.author), el('div', { class: 'main' }));
	return article;
}

/**
 * What stands for the text of a deleted message.
 * @param {Wire.Message} message
 */
function gone(message) {
	return t(message.removed ? 'message.removed' : 'message.deleted');
}

/**
 * Puts these elements into a parent. What is there already and is the same stays untouched: with it a selection, the focus
 * and a place that was scrolled to.
 * @param {Element} parent
 * @param {Element[]} wanted
 */
export function settle(parent, wanted) {
	const old = [...parent.children];
	const kept = wanted.map((each) => old.find((one) => one.isEqualNode(each)) ?? each);
	if (!old.length) parent.append(...wanted);
	for (const one of old) if (!kept.includes(one)) one.remove();
	for (const [at, each] of kept.entries())
		if (parent.children[at] !== each) parent.insertBefore(each, parent.children[at]);
}

/** @type {WeakMap<Element, string>} */
const written = new WeakMap(); // what the server wrote into a body

/** @param {string} html */
function nodesOf(html) {
	const template = el('template');
	template.innerHTML = html;
	return [...template.content.childNodes];
}

/**
 * Shows a body's HTML. Nodes at its beginning and at its end that are as before stay untouched.
 * @param {HTMLElement} body
 * @param {string} html sanitised by the server, once a message
 */
function fill(body, html) {
	const known = written.get(body);
	if (known === html) return;
	written.set(body, html);
	if (known === undefined) {
		body.innerHTML = html;
		return;
	}
	const [before, now, old] = [nodesOf(known), nodesOf(html), [...body.childNodes]];
	const least = Math.min(before.length, now.length);
	let [start, end] = [0, 0];
	while (start < least && before[start].isEqualNode(now[start])) start += 1;
	while (end < least - start && before.at(-1 - end)?.isEqualNode(now.at(-1 - end) ?? null)) end += 1;
	for (const node of old.slice(start, old.length - end)) node.remove();
	for (const node of now.slice(start, now.length - end)) body.insertBefore(node, old[old.length - end]);
}

/**
 * Draws a message's state into its article, where it differs from what is there; the toolbar beside it stays.
 * @param {HTMLElement} article
 * @param {Wire.Message} message
 * @param {Reader} reader
 * @param {Wire.Message} [quoted]
 */
export function paint(article, message, reader, quoted) {
	const { me } = reader;
	const main = $('.main', article);
	const focused = document.activeElement;
	const held = focused instanceof HTMLElement && main.contains(focused) && focused;
	const parts = [head(message)];
	let named = false;
	if (message.deleted) {
		parts.push(el('div', { class: 'body gone' }, gone(message)));
	} else {
		if (message.reply_to != null) parts.push(quote(message.reply_to, quoted));
		const body = maybe('.body:not(.gone)', main) ?? el('div', { class: 'body', dir: 'auto' });
		fill(body, message.html);
		named = enliven(body, message.author.id, reader);
		parts.push(body);
		if (message.edited_at) {
			const title = fullTime(new Date(message.edited_at));
			parts.push(el('small', { class: 'edited', title }, t('message.edited')));
		}
		if (message.reactions?.length) {
			const group =
				maybe('.reacts', main) ?? el('div', { class: 'reacts', role: 'group', 'aria-label': t('message.reactions') });
			settle(group, reactions(message.reactions, me));
			parts.push(group);
		}
	}
	settle(main, parts);
	article.classList.toggle('own', message.author.id === me.id);
	article.classList.toggle('big', !message.deleted && isJustEmoji(message.body));
	const answered = quoted?.author.id === me.id && message.author.id !== me.id;
	article.classList.toggle('mention', !message.deleted && (named || answered));
	if (!held || held === document.activeElement) return;
	// What had the focus was drawn anew, or is no more.
	const again = held.dataset.emoji && all('.react', main).find((react) => react.dataset.emoji === held.dataset.emoji);
	(again || article).focus({ preventScroll: true });
}

/** @param {Wire.Message} message */
function head(message) {
	const sent = new Date(message.sent_at);
	return el(
		'header',
		{},
		...withExtras(
			personLink(message.author.username, { class: 'author', dir: 'auto' }, nameOf(message.author)),
			message.author,
		),
		el('time', { datetime: message.sent_at, title: fullTime(sent) }, clockTime(sent)),
	);
}

/**
 * A click opens the card: see `dialogs/openers.js`.
 * @param {string} username
 * @param {import('../core/dom.js').Attributes} attributes
 * @param {string} text
 */
function personLink(username, attributes, text) {
	return el('a', { ...attributes, href: `/people/${username}`, title: `@${username}` }, text);
}

/**
 * @param {number} id
 * @param {Wire.Message} [quoted]
 */
export function quote(id, quoted) {
	const node = el('a', { class: 'quote', href: `#${articleId(id)}`, 'data-to': id });
	fillQuote(node, quoted);
	return node;
}

/**
 * @param {HTMLElement} node
 * @param {Wire.Message} [quoted]
 */
export function fillQuote(node, quoted) {
	if (!quoted) return setText(node, t('message.earlier'));
	const text = quoted.deleted ? gone(quoted) : quoted.body.replace(/\s+/g, ' ').slice(0, QUOTE_LENGTH);
	const parts = [el('b', { dir: 'auto' }, nameOf(quoted.author)), ' ', el('bdi', {}, text)];
	if (node.innerHTML !== el('a', {}, ...parts).innerHTML) node.replaceChildren(...parts);
}

/**
 * Whether somebody is among those who reacted so.
 * @param {Wire.Reaction} reaction
 * @param {Wire.User} me
 */
export const isOwn = ({ users }, me) => users.some((name) => name.toLowerCase() === me.username.toLowerCase());

/**
 * @param {Wire.Reaction[]} list
 * @param {Wire.User} me
 */
function reactions(list, me) {
	return list.map((reaction) => {
		const { emoji, count, users } = reaction;
		const mine = isOwn(reaction, me);
		const attributes = {
			type: 'button',
			class: `react${mine ? ' mine' : ''}`,
			'aria-pressed': String(mine),
			'data-emoji': emoji,
			'aria-label': `${emoji}, ${count}`,
			title: lists.format(users.map(calledBy)),
		};
		return el('button', attributes, `${emoji} `, el('b', {}, String(count)));
	});
}
