import { $, el, setText } from '../core/dom.js';
import { api } from '../net/api.js';
import { t } from '../core/text.js';

const MARKS = { private: '◆', direct: '@' };
const REFRESH_AFTER = 300; // ms; several `room` frames in a row ask once
const FOLDED = 'klatch:folded'; // key of localStorage: groups whose rooms are not shown

/** The list of rooms with their unread numbers. `here` is the slug of the open room, or null on the page of rooms. */
export class Rooms {
  #rooms = new Map(); // slug → { slug, title, kind, member, count, unread, mentions, notify, seen }
  #badge = null; // the module, once something was unread
  #timer = 0;
  #arranging = 0;

  constructor({ here = null, title = null } = {}) {
    this.here = here;
    this.title = title;
    this.root = $('#rooms');
    for (const link of this.root.querySelectorAll('a[data-slug]')) this.#read(link);
    for (const leave of ['pointerleave', 'focusout']) this.root.addEventListener(leave, () => requestAnimationFrame(() => this.#arrange()));
    this.#drawTotals();
    const folded = JSON.parse(localStorage.getItem(FOLDED) ?? '[]');
    for (const details of this.root.querySelectorAll('details')) {
      details.open = !folded.includes($('ul', details).dataset.group);
      details.addEventListener('toggle', () => {
        const closed = [...this.root.querySelectorAll('details:not([open]) ul')].map((list) => list.dataset.group);
        localStorage.setItem(FOLDED, JSON.stringify(closed));
      });
    }
    $('[aria-current]', this.root)?.scrollIntoView({ block: 'nearest' });
  }

  /** The open room. */
  open() {
    return this.#rooms.get(this.here);
  }

  /** Frames that concern the list; others are let pass. */
  onFrame(frame) {
    const room = this.#rooms.get(frame.room);
    if (frame.type === 'welcome') this.#welcome(frame.rooms);
    else if (frame.type === 'room') this.#refreshSoon();
    else if (frame.type === 'activity') room ? this.#activity(room, frame) : this.#refreshSoon();
    else if (frame.type === 'mention') this.#mention(room, frame.message);
    else if (frame.type === 'read' && room) this.#readTo(room, frame);
  }

  /** The open room was joined; with a public one, membership begins by that. */
  entered() {
    const room = this.#rooms.get(this.here);
    if (!room || room.member) return;
    room.member = true;
    this.#draw(room);
  }

  /** Whether the reader is known to be a member of the open room. */
  isMember() {
    return this.#rooms.get(this.here)?.member ?? false;
  }

  /** A new message in the open room. `mine` are not unread. */
  arrived(mine) {
    const room = this.#rooms.get(this.here);
    if (!room) return;
    room.count += 1;
    if (!mine) room.unread += 1;
    this.#draw(room);
  }

  /** All of the open room has been seen. */
  seen() {
    const room = this.#rooms.get(this.here);
    if (!room || (!room.unread && !room.mentions)) return;
    room.unread = room.mentions = 0;
    this.#draw(room);
  }

  /** Puts the open room first, or back among the others; the answer comes as a frame. */
  star() {
    const starred = this.#rooms.get(this.here)?.link.matches('.starred');
    return api(starred ? 'DELETE' : 'PUT', `/rooms/${this.here}/star`);
  }

  unreadHere() {
    return this.#rooms.get(this.here)?.unread ?? 0;
  }

  #read(link) {
    const { slug, kind, member, count, unread = 0, mentions = 0, notify } = link.dataset;
    this.#rooms.set(slug, {
      slug, title: link.title, kind, member: member != null, count: Number(count), unread: Number(unread), mentions: Number(mentions), notify, seen: new Set(), link,
    });
  }

  #welcome(list) {
    for (const given of list) {
      const room = this.#rooms.get(given.slug) ?? this.#make(given);
      room.link.classList.toggle('starred', given.starred);
      Object.assign(room, { member: true, title: given.title, count: given.count, unread: given.unread, mentions: given.mentions, notify: given.notify, seen: new Set() });
      this.#draw(room);
    }
    const mine = new Set(list.map((room) => room.slug));
    if ([...this.#rooms.values()].some((room) => room.member && !mine.has(room.slug) && room.slug !== this.here)) this.#refreshSoon();
  }

  #activity(room, { count }) {
    if (count <= room.count) return;
    room.unread += count - room.count;
    room.count = count;
    this.#draw(room);
  }

  #mention(room, message) {
    if (!room || room.seen.has(message.id)) return;
    room.seen.add(message.id);
    room.mentions += 1;
    this.#draw(room);
  }

  #readTo(room, { unread, mentions, count }) {
    Object.assign(room, { unread, mentions, seen: new Set() });
    if (count != null) room.count = count;
    this.#draw(room);
  }

  #refreshSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), REFRESH_AFTER);
  }

  /** Has the list, and the open room's title, say what the server has. */
  async refresh() {
    const answer = await api('GET', '/rooms').catch(() => null);
    if (!answer) return;
    const visible = new Set(answer.rooms.map((room) => room.slug));
    for (const room of [...this.#rooms.values()]) {
      if (visible.has(room.slug) || room.slug === this.here) continue;
      room.link.closest('li').remove();
      this.#rooms.delete(room.slug);
    }
    for (const given of answer.rooms) {
      const room = this.#rooms.get(given.slug) ?? this.#make(given);
      room.title = given.title;
      room.link.classList.toggle('starred', given.starred);
      room.member = given.member ?? room.member;
      room.notify = given.notify;
      // What the open room's page knows of its reader is newer than any answer.
      for (const number of room.slug === this.here ? [] : ['count', 'unread', 'mentions']) room[number] = given[number] ?? room[number];
      this.#draw(room);
      if (room.slug === this.here) this.#entitle(given);
    }
  }

  #make({ slug, title, kind }) {
    const link = el('a', { class: 'room', href: `/rooms/${slug}`, 'data-slug': slug, 'data-kind': kind },
      el('i', { 'aria-hidden': 'true', class: kind }, MARKS[kind] ?? '#'), el('span', { class: 'name', dir: 'auto' }));
    const room = { slug, title, kind, member: false, count: 0, unread: 0, mentions: 0, notify: 'all', seen: new Set(), link };
    this.#rooms.set(slug, room);
    el('li', {}, link);
    return room;
  }

  #draw(room) {
    const { link } = room;
    const name = $('.name', link);
    const text = room.title || room.slug;
    // The page of rooms has the topic below the name.
    if (name.firstChild?.nodeType === Node.TEXT_NODE) setText(name.firstChild, text);
    else name.prepend(text);
    link.title = text;
    link.toggleAttribute('data-member', room.member);
    this.#settle(room);
    const shown = room.member && room.unread > 0 && room.slug !== this.here;
    link.classList.toggle('new', shown);
    let badge = $('.count', link);
    if (!shown) badge?.remove();
    else {
      badge ??= link.appendChild(el('span'));
      badge.className = room.mentions ? 'count at' : 'count';
      setText(badge, room.mentions ? `@${room.unread}` : String(room.unread));
      badge.setAttribute('aria-label', t(room.mentions ? 'rooms.unread-for-you' : 'rooms.unread', room));
    }
    if (room.member) $('.tag', link)?.remove();
    if (room.slug === this.here) $('#star')?.setAttribute('aria-pressed', String(link.matches('.starred')));
    this.#drawTotals();
  }

  #entitle({ title, slug, topic, archived = false }) {
    this.title = title || slug;
    const heading = $('.bar h1');
    if (!heading) return;
    if (archived !== $('#room-menu').matches('[data-archived]')) location.reload(); // what may be done is another thing now
    setText($('#topic'), topic);
    if (heading.lastChild.textContent !== this.title) heading.lastChild.textContent = this.title;
    this.#drawTotals();
  }

  // Puts a link into the list it belongs to; its place there is found with the others'.
  #settle(room) {
    const group = !room.member && room.slug !== this.here ? 'others' : room.kind === 'direct' ? 'direct' : 'rooms';
    const list = $(`ul[data-group=${group}]`, this.root) ?? $('ul', this.root);
    const item = room.link.closest('li');
    if (item.parentElement !== list) list.append(item);
    $('.empty', this.root)?.remove();
    const place = `${this.#rank(room)} ${room.title || room.slug} ${group}`;
    if (room.place === place) return;
    room.place = place;
    this.#arranging ||= requestAnimationFrame(() => this.#arrange());
  }

  #rank({ link, member, unread, mentions, slug }) {
    if (link.matches('.starred')) return 0;
    if (!member || !unread || slug === this.here) return 3;
    return mentions ? 1 : 2;
  }

  // Starred ones first, then those with something new, then by name. Nothing moves from under a pointer or the focus.
  #arrange() {
    this.#arranging = 0;
    if (this.root.matches(':hover, :focus-within')) return;
    const order = [...this.#rooms.values()].map((room) => [this.#rank(room), room.title || room.slug, room.link.closest('li')]);
    order.sort(([a, one], [b, other]) => a - b || one.localeCompare(other));
    for (const list of this.root.querySelectorAll('ul')) {
      const items = order.map(([, , item]) => item).filter((item) => item.parentElement === list);
      if (items.some((item, index) => list.children[index] !== item)) list.append(...items);
    }
  }

  #drawTotals() {
    const all = [...this.#rooms.values()].filter((room) => room.member);
    const total = all.reduce((sum, room) => sum + room.unread, 0);
    const loud = all.some((room) => room.mentions);
    if (total || this.#badge) (this.#badge ??= import('../core/favicon-badge.js')).then(({ badge }) => badge(total, loud));
    document.title = `${total ? `(${total}) ` : ''}${this.title ?? t('rooms.rooms')} · klatch`;
    const elsewhere = $('#elsewhere');
    if (elsewhere) elsewhere.hidden = !all.some((room) => room.unread && room.slug !== this.here);
  }
}
