import { all, el, maybe, part, setText } from '../core/dom.js';
import { locale } from '../core/locale.js';
import { t } from '../core/text.js';
import { face, nameOf } from './avatars.js';
import { learn, withExtras } from './names.js';
import { readStates, showState, stateOf } from './states.js';

const FORGET = 5_000; // ms after which someone who is said to be typing no longer is
const NAMED = 200; // above so many people the server tells their number only
const MOST_TYPING = 3; // who are named
const lists = new Intl.ListFormat(locale);

/** Who of a room's people is online and who is not, who of them has the room open, and who is typing. */
export class People {
	/** @type {Map<number, Wire.User>} */
	#users = new Map(); // who have the room open
	/** @type {Map<number, Wire.User>} */
	#members = new Map(); // those that the page listed; nobody, where the room has many
	#count = 0;
	/** @type {Map<number, { user: Wire.User, timer: number }>} */
	#typing = new Map(); // by id
	#me;
	#list;
	#offline;
	#counts;
	#offlineCount;
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
		this.#offline = part('offline', root);
		this.#offlineCount = part('offline-count', root);
		this.#opener = opener;
		this.#counts = [part('people-count', root), part('people-number', opener)];
		this.#typingLine = typingLine;
		readStates(this.#offline);
		for (const { dataset } of all('li', this.#offline)) {
			const { person, user: username = '', name = username } = dataset;
			this.#members.set(Number(person), { id: Number(person), username, display_name: name });
		}
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
		}
		this.added(left);
	}

	/** @param {Wire.User[]} users who are members by now */
	added(users) {
		if (this.#members.size) for (const user of users) this.#members.set(user.id, user);
		this.#draw();
	}

	/** Some have come, gone, or are back. */
	restate() {
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

	#draw() {
		// A part of the people would look like all of them.
		const isWhole = this.#users.size === this.#count;
		const everybody = new Map(isWhole ? [...this.#members, ...this.#users] : []);
		const people = [...everybody.values()].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
		const isOnline = (/** @type {Wire.User} */ { id }) => this.#users.has(id) || stateOf(id) !== 'offline';
		const [online, offline] = [people.filter(isOnline), people.filter((user) => !isOnline(user))];
		const focused = document.activeElement?.closest('li')?.dataset.user;
		this.#list.replaceChildren(...online.map((user) => this.#item(user)));
		this.#offline.replaceChildren(...offline.map((user) => this.#item(user)));
		for (const list of focused ? [this.#list, this.#offline] : [])
			maybe(`li[data-user="${focused}"] button`, list)?.focus({ preventScroll: true });
		const count = isWhole ? online.length : this.#count;
		for (const place of this.#counts) setText(place, String(count));
		this.#opener.setAttribute('aria-label', t('people.count', { count }));
		setText(this.#offlineCount, String(offline.length));
		if (this.#offline.parentElement) this.#offline.parentElement.hidden = !offline.length;
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
		const item = el('li', { 'data-user': user.username, class: this.#users.has(user.id) ? 'in' : null }, button);
		showState(item, user.id);
		return item;
	}

	#drawTyping() {
		const names = [...this.#typing.values()].map(({ user }) => nameOf(user));
		this.#typingLine.classList.toggle('some', names.length > 0);
		const key = names.length > MOST_TYPING ? 'people.many-typing' : 'people.are-typing';
		const count = names.length;
		setText(this.#typingLine, count ? t(key, { count, names: lists.format(names) }) : '');
		for (const item of all('li', this.#list)) {
			const id = Number(item.dataset.person);
			const user = this.#users.get(id) ?? this.#members.get(id);
			const aside = maybe('.aside', item);
			if (user && aside) setText(aside, this.#aside(user));
		}
	}

	/** @param {Wire.User} user */
	#aside(user) {
		if (this.#typing.has(user.id)) return t('people.typing');
		if (user.id === this.#me.id) return t('people.you');
		return `@${user.username}${this.#users.has(user.id) ? ` · ${t('people.in-room')}` : ''}`;
	}
}
