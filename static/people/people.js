import { all, el, maybe, part, setText } from '../core/dom.js';
import { locale } from '../core/locale.js';
import { t } from '../core/text.js';
import { face, nameOf } from './avatars.js';
import { learn, withExtras } from './names.js';

const FORGET = 5_000; // ms after which someone who is said to be typing no longer is
const NAMED = 200; // above so many people the server tells their number only
const MOST_TYPING = 3; // who are named
const lists = new Intl.ListFormat(locale);

/** Who is in a room now, who of them is typing, and who is away. */
export class People {
	/** @type {Map<number, Wire.User>} */
	#users = new Map();
	#count = 0;
	/** @type {Map<number, { user: Wire.User, timer: number }>} */
	#typing = new Map(); // by id
	#me;
	#list;
	#away;
	#counts;
	#awayCount;
	#opener;
	#typingLine;

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.root where they are listed
	 * @param {HTMLElement} options.opener the button that opens that, on small windows
	 * @param {HTMLElement} options.typingLine
	 * @param {Wire.User} options.me
	 */
	constructor({ root, opener, typingLine, me }) {
		this.#me = me;
		this.#list = part('people', root);
		this.#away = part('away', root); // nobody, where the room has many members
		this.#awayCount = part('away-count', root);
		this.#opener = opener;
		this.#counts = [part('people-count', root), part('people-number', opener)];
		this.#typingLine = typingLine;
	}

	/** @param {Wire.People} people */
	reset({ count, users }) {
		learn(users);
		this.#count = count;
		this.#users = new Map(users.map((user) => [user.id, user]));
		this.#draw();
	}

	/** @param {Pick<Wire.FrameOf<'presence'>, 'count' | 'joined' | 'left'>} frame */
	change({ count, joined, left }) {
		this.#count = count;
		// Names missed meanwhile can't be told from present ones: with the first frame that names again, all are named.
		if (count > NAMED) this.#users.clear();
		learn(joined);
		for (const user of joined) this.#users.set(user.id, user);
		for (const user of left) {
			this.#users.delete(user.id);
			this.stopped(user.id);
			this.#addAway(user);
		}
		this.#draw();
	}

	/** @param {Wire.User[]} users who are members by now */
	added(users) {
		for (const user of users) this.#addAway(user);
		this.#draw();
	}

	/** @param {Wire.User} user */
	typing(user) {
		if (user.id === this.#me.id) return;
		clearTimeout(this.#typing.get(user.id)?.timer);
		this.#typing.set(user.id, { user, timer: setTimeout(() => this.stopped(user.id), FORGET) });
		this.#drawTyping();
	}

	/** @param {number} id of somebody who types no more */
	stopped(id) {
		clearTimeout(this.#typing.get(id)?.timer);
		if (this.#typing.delete(id)) this.#drawTyping();
	}

	/** There is no connection: nobody is known to be typing. */
	lost() {
		for (const { timer } of this.#typing.values()) clearTimeout(timer);
		this.#typing.clear();
		this.#drawTyping();
	}

	/** @param {Wire.User} user */
	#addAway(user) {
		const listsAway = this.#away.firstChild !== null;
		if (listsAway && !maybe(`[data-user="${user.username}"]`, this.#away)) this.#away.append(this.#item(user));
	}

	#draw() {
		for (const place of this.#counts) setText(place, String(this.#count));
		this.#opener.setAttribute('aria-label', t('people.count', { count: this.#count }));
		// A part of the people would look like all of them.
		const users = this.#users.size === this.#count ? [...this.#users.values()] : [];
		users.sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
		this.#list.replaceChildren(...users.map((user) => this.#item(user)));
		const here = new Set(users.map(({ username }) => username));
		for (const item of all('li', this.#away)) item.hidden = here.has(item.dataset.user ?? '');
		const away = all('li:not([hidden])', this.#away).length;
		setText(this.#awayCount, String(away));
		if (this.#away.parentElement) this.#away.parentElement.hidden = !users.length || !away;
	}

	/** @param {Wire.User} user */
	#item(user) {
		const name = el('span', { dir: 'auto', class: 'name' }, nameOf(user));
		const button = el(
			'button',
			{ type: 'button' },
			face(user, true),
			el(
				'span',
				{},
				el('span', { class: 'named' }, ...withExtras(name, user)),
				el('small', { class: 'aside' }, this.#aside(user)),
			),
		);
		return el('li', { 'data-user': user.username }, button);
	}

	#drawTyping() {
		const names = [...this.#typing.values()].map(({ user }) => nameOf(user));
		this.#typingLine.classList.toggle('some', names.length > 0);
		const key = names.length > MOST_TYPING ? 'people.many-typing' : 'people.are-typing';
		const count = names.length;
		setText(this.#typingLine, count ? t(key, { count, names: lists.format(names) }) : '');
		for (const item of all('li', this.#list)) {
			const user = [...this.#users.values()].find((each) => each.username === item.dataset.user);
			const aside = maybe('.aside', item);
			if (user && aside) setText(aside, this.#aside(user));
		}
	}

	/** @param {Wire.User} user */
	#aside(user) {
		if (this.#typing.has(user.id)) return t('people.typing');
		return user.id === this.#me.id ? t('people.you') : `@${user.username}`;
	}
}
