import { $, el, setText } from '../core/dom.js';
import { face, nameOf } from './avatars.js';
import { locale, t } from '../core/text.js';

const FORGET = 5_000; // ms after which someone who is said to be typing no longer is
const NAMED = 200; // above so many people the server tells their number only
const MOST_TYPING = 3; // who are named
const lists = new Intl.ListFormat(locale);

/** Who is in the room now, who of them is typing, and who is away. */
export class People {
  #users = new Map();
  #count = 0;
  #typing = new Map(); // id → { user, timer }

  constructor(me) {
    this.me = me;
    this.list = $('#people');
    this.away = $('#away'); // nobody, where the room has many members
  }

  reset({ count, users }) {
    this.#count = count;
    this.#users = new Map(users.map((user) => [user.id, user]));
    this.#draw();
  }

  change({ count, joined, left }) {
    this.#count = count;
    // Names missed meanwhile can't be told from present ones: with the first frame that names again, all are named.
    if (count > NAMED) this.#users.clear();
    for (const user of joined) this.#users.set(user.id, user);
    for (const user of left) {
      this.#users.delete(user.id);
      this.stopped(user.id);
      if (this.away.firstChild && !$(`[data-user="${user.username}"]`, this.away)) this.away.append(this.#item(user));
    }
    this.#draw();
  }

  typing(user) {
    if (user.id === this.me.id) return;
    clearTimeout(this.#typing.get(user.id)?.timer);
    this.#typing.set(user.id, { user, timer: setTimeout(() => this.stopped(user.id), FORGET) });
    this.#drawTyping();
  }

  stopped(id) {
    clearTimeout(this.#typing.get(id)?.timer);
    if (this.#typing.delete(id)) this.#drawTyping();
  }

  gone() {
    for (const { timer } of this.#typing.values()) clearTimeout(timer);
    this.#typing.clear();
    this.#drawTyping();
  }

  #draw() {
    for (const place of ['#people-count', '#people-number']) setText($(place), String(this.#count));
    $('#people-open').setAttribute('aria-label', t('people.count', { count: this.#count }));
    // A part of the people would look like all of them.
    const all = this.#users.size === this.#count ? [...this.#users.values()] : [];
    all.sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
    this.list.replaceChildren(...all.map((user) => this.#item(user)));
    const here = new Set(all.map(({ username }) => username));
    for (const item of this.away.children) item.hidden = here.has(item.dataset.user);
    const away = this.away.querySelectorAll('li:not([hidden])').length;
    setText($('#away-count'), String(away));
    this.away.parentElement.hidden = !all.length || !away;
  }

  #item(user) {
    return el('li', { 'data-user': user.username }, el('button', { type: 'button' },
      face(user, true), el('span', {}, el('span', { dir: 'auto', class: 'name' }, nameOf(user)), el('small', {}, this.#aside(user)))));
  }

  #drawTyping() {
    const names = [...this.#typing.values()].map(({ user }) => nameOf(user));
    const line = $('#typing');
    line.classList.toggle('some', names.length > 0);
    const typing = names.length > MOST_TYPING ? 'people.many-typing' : 'people.are-typing';
    setText(line, names.length ? t(typing, { count: names.length, names: lists.format(names) }) : '');
    for (const item of this.list.children) {
      const user = [...this.#users.values()].find((each) => each.username === item.dataset.user);
      if (user) setText($('small', item), this.#aside(user));
    }
  }

  #aside(user) {
    if (this.#typing.has(user.id)) return t('people.typing');
    return user.id === this.me.id ? t('people.you') : `@${user.username}`;
  }
}
