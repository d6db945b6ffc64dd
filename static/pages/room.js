import { $, setText, style } from '../core/dom.js';
import { nameOf } from '../people/avatars.js';
import { company } from '../dialogs/openers.js';
import { Composer } from '../composer/composer.js';
import { connectionLine } from '../net/connection-status.js';
import { Feed } from '../net/feed.js';
import { Log } from '../room/message-list.js';
import { Notices, wanted } from './notifications.js';
import { Outbox } from '../outbox/outbox.js';
import { Pages } from '../room/history-pager.js';
import { People } from '../people/people.js';
import { Reading } from '../room/read-marker.js';
import { Rooms } from '../room/room-list.js';
import { Scroll } from '../room/scroll.js';
import { Socket } from '../net/socket.js';
import { api } from '../net/api.js';
import { localise } from '../message/hydrate.js';
import { t } from '../core/text.js';
import { keys, visit } from '../dialogs/shortcuts.js';
import { sheets } from '../room/drawers.js';

const NOTICE = 8_000; // ms that a notice stays

const { room: slug, name, userId, username, displayName, removes, at } = $('#talk').dataset;
const id = Number(userId);
const me = { id: Number.isSafeInteger(id) ? id : userId, username, display_name: displayName };

const socket = new Socket({ onFrame, onState });
const tellConnection = connectionLine(() => socket.connectNow());
const rooms = new Rooms({ here: slug, title: name });
const people = new People(me);
const notices = new Notices();

let deletions = null; // loaded with the first
let firstUnread = null; // where something is
let tools = null; // loaded when a message is first pointed at or given the focus
let toolsAsked = null;
let first = true;
let editsAsked = 0;
const edits = new Map(); // ref → the message with its new body, until the server has it
const log = new Log($('#log'), {
  me, name,
  added: (article) => deletions?.redraw(article),
  askFor: (quoted) => socket.send({ type: 'history', room: slug, before: quoted + 1, limit: 1, ref: `quote ${quoted}` }),
});
const scroll = new Scroll(log.list, $('#jump'), {
  isWhole: () => !log.newer && !log.stale,
  onMove: () => {
    pages.fill();
    firstUnread?.update();
  },
  onEnd: () => {
    reading.update();
    // Whoever follows the newest no longer looks at what the link led to.
    if (!log.stale && location.pathname !== `/rooms/${slug}`) history.replaceState(null, '', `/rooms/${slug}`);
  },
  toNewest,
});
const pages = new Pages({ log, scroll, send: (frame) => feed.joined && socket.send({ ...frame, room: slug }) });
const reading = new Reading({
  send: (seq) => socket.send({ type: 'read', room: slug, seq }),
  isReading: () => feed.joined && scroll.atEnd && !document.hidden,
  seen: () => rooms.seen(),
});
const feed = new Feed(socket, slug, { fresh, resumed, changed, caughtUp });
const outbox = new Outbox({
  me, log, room: slug,
  cursor: () => feed.cursor,
  hold: (change) => scroll.hold(change),
  forgotten: () => end(t('room.logged-out')),
});
const composer = new Composer({
  room: slug,
  store: `klatch:draft:${userId}:${slug}`,
  post: (body, replyTo) => {
    reading.goOn();
    delete log.list.dataset.back;
    firstUnread?.done();
    toNewest();
    log.markFresh(null);
    outbox.post(body, replyTo, feed.epoch === null && !rooms.isMember());
  },
  edit: (message, body) => {
    if (log.get(message.id)?.body === body) return true;
    editsAsked += 1;
    const ref = `edit ${editsAsked}`;
    if (!request({ type: 'edit', id: message.id, body, ref })) return false;
    edits.set(ref, { ...message, body });
    return true;
  },
  typing: () => feed.joined && socket.send({ type: 'typing', room: slug }),
  lastOwn: () => (log.newer ? toNewest() : log.lastOwn()),
});

if ($('#room-menu').matches('[data-archived]')) composer.disable(t('room_settings.archived'));
localise(log.list, me);
company({ rooms, me, say, toDay });
keys();
$('#star').addEventListener('click', () => rooms.star().catch((error) => say(error.message)));
$('#switch').addEventListener('click', () => import('../dialogs/switcher.js').then(({ openSwitcher }) => openSwitcher()));
visit(slug);
sheets();
for (const kind of ['pointerover', 'pointerleave', 'focusin', 'click', 'keydown']) log.list.addEventListener(kind, useTools);
log.list.addEventListener('click', followQuote);
if (at && $(`#m-${at}`)) {
  log.stale = true; // the page has a part of the room, whose end is not the room's
  scroll.show($(`#m-${at}`));
} else scroll.toEnd();
socket.start();
if (matchMedia('(hover: hover) and (pointer: fine)').matches && document.activeElement === document.body) composer.focus();

function onState(state, text, retry) {
  tellConnection(state, text, retry);
  if (state === 'online') return;
  feed.lost();
  outbox.close();
  people.gone();
  pages.lost();
  if (edits.size) say(t('edit.lost'));
  for (const message of edits.values()) composer.putBack(message);
  edits.clear();
}

function onFrame(frame) {
  rooms.onFrame(frame);
  notices.onFrame(frame);
  if (frame.type === 'welcome') return welcomed(frame);
  if (frame.type === 'error') return onError(frame);
  if (frame.room !== slug) return;
  switch (frame.type) {
    case 'joined': return feed.onJoined(frame);
    case 'changes': return feed.onChanges(frame);
    case 'message': return feed.onMessage(frame.message);
    case 'history': return frame.ref?.startsWith('quote ') ? frame.messages.forEach((message) => log.putQuoted(message)) : pages.onHistory(frame);
    case 'done': return edits.delete(frame.ref);
    case 'presence': return people.change(frame);
    case 'typing': return people.typing(frame.user);
    case 'read': return onRead(frame);
    case 'mention': return reading.update();
    case 'left': return onLeft(frame.reason);
  }
}

function welcomed({ user, limits }) {
  // Someone else signed in meanwhile, in another tab: this page shows the wrong person's side.
  if (user.id !== me.id) return location.reload();
  composer.limit = limits?.body ?? composer.limit;
  outbox.hurry();
  feed.join();
}

// The room's end, at opening or where numbers may have been given twice. What the reader looks at elsewhere is read again.
function fresh({ messages, more, read, ...frame }) {
  pages.lost();
  const place = Number(first ? at : !scroll.atEnd && scroll.first()?.dataset.id) || null;
  const readTo = first ? read : undefined;
  const isShown = !first || log.stale; // the message of a link stands in the page, and its reader may have moved on
  if (place && !pages.leaping) pages.leap({ around: place }, () => (isShown && log.article(place)) || arrive(place));
  if (pages.leaping) log.expire(messages.at(-1)?.id ?? 0, readTo);
  else scroll.hold(() => log.reset(messages, more, readTo));
  outbox.renew(messages);
  if (first && rooms.unreadHere()) showFirstUnread(rooms.unreadHere(), read);
  first = false;
  resumed({ read, ...frame });
}

function resumed(frame) {
  rooms.entered();
  people.reset(frame.people);
  reading.start(frame.read);
  setText($('#topic'), frame.topic ?? '');
}

function changed(messages, live) {
  const isReading = reading.isReading();
  const others = [];
  scroll.hold((anchor) => {
    for (const message of messages) {
      const own = outbox.settle(message);
      if (!log.put(message)) continue;
      const mine = own || message.author.id === me.id;
      if (live) rooms.arrived(mine);
      if (mine) continue;
      others.push(message);
      people.stopped(message.author.id);
    }
    log.trim(anchor);
  });
  if (others.length && !isReading && rooms.unreadHere() <= (live ? 1 : others.length)) log.markFresh(others[0].id);
  if (others.length && !scroll.atEnd) scroll.missed(others.length);
  if (others.length) announce(others);
  reading.update(log.newest);
}

function caughtUp() {
  outbox.open();
  composer.settle((message) => log.get(message.id)?.body === message.body);
  reading.update(log.newest);
  pages.resume();
}

function announce(messages) {
  if (!wanted('announce')) return;
  const [message] = messages;
  // Set even where it is the same: somebody may say the same twice.
  $('#announce').textContent = messages.length > 1 ? t('jump.new', { count: messages.length }) : `${nameOf(message.author)}: ${message.body.slice(0, 200)}`;
}

function onError(frame) {
  const joining = frame.ref === 'join' || frame.ref === 'resume';
  if (frame.code === 'not_joined' && !joining) feed.rejoin();
  const edit = edits.get(frame.ref);
  if (joining) {
    if (!feed.onError(frame)) end(t('room.closed'));
  } else if (pages.onError(frame)) {
    // It is asked for again.
  } else if (frame.ref === 'act') {
    say(frame.message);
  } else if (edit) {
    edits.delete(frame.ref);
    say(frame.message);
    composer.putBack(edit);
  }
}

function onLeft(reason) {
  if (reason === 'removed' || reason === 'deleted') end(t(`room.${reason}`));
}

function end(why) {
  feed.end();
  outbox.fail(why);
  composer.disable(why);
  people.reset({ count: 0, users: [] });
}

function request(frame) {
  if (feed.joined && socket.send({ ref: 'act', ...frame, room: slug })) return true;
  say(t('offline.now'));
  return false;
}

function useTools(event) {
  if (tools) return tools.on(event);
  toolsAsked ??= Promise.all([import('../message/toolbar.js'), style('popups.css')]).then(([{ Tools }]) => {
    tools = new Tools(log.list, {
      me, act, removes: removes !== undefined,
      find: (article) => log.get(Number(article?.dataset.id)),
      leave: () => composer.focus(),
    });
  }, () => { toolsAsked = null; });
  toolsAsked.then(() => tools?.on(event));
}

async function act(what, message, emoji) {
  const near = emoji instanceof Element ? emoji : log.article(message.id);
  if (what === 'reply') return composer.startReply(message);
  if (what === 'edit') return composer.startEdit(message);
  if (what === 'react') {
    const mine = message.reactions?.find((each) => each.emoji === emoji)?.users.some((each) => each.toLowerCase() === me.username.toLowerCase());
    return request({ type: 'react', id: message.id, emoji, on: !mine });
  }
  if (what === 'report') return location.assign(`/rooms/${slug}/messages/${message.id}/report`);
  if (what === 'more') return (await import('../message/menu.js')).messageMenu(near, message, { me, room: slug, removes: removes !== undefined, act, say });
  if (what === 'unread') return api('POST', `/rooms/${slug}/unread`, { from: message.id }).then(() => say(t('message.unread-done')), ({ message: why }) => say(why));
  if (what === 'pick') {
    const picked = await (await import('../composer/emoji-picker.js')).pick(near);
    return picked && act('react', message, picked);
  }
  if (message.author.id !== me.id) {
    const { ask } = await import('../dialogs/confirm.js');
    if (await ask(t('message.remove-ask'), t('message.remove-do'))) request({ type: 'delete', id: message.id });
    return;
  }
  deletions ??= new (await import('../message/deletions.js')).Deletions({
    room: slug, say, find: (gone) => log.article(gone), send: (gone) => feed.joined && socket.send({ type: 'delete', room: slug, id: gone }),
  });
  deletions.start(message);
}

function onRead(frame) {
  reading.moved(frame);
  if (!frame.back) return;
  log.list.dataset.back = ''; // see `core/reload.js`
  log.readFrom(frame.seq);
}

function followQuote(event) {
  const to = event.target.closest('.quote')?.dataset.to;
  if (!to) return;
  event.preventDefault();
  seek(Number(to));
}

// Shows a message, if need be after what lies around it has been loaded.
function seek(id) {
  if (log.article(id)) arrive(id);
  else leap({ around: id }, () => arrive(id));
}

function arrive(id) {
  const article = log.article(id);
  if (article) scroll.show(article);
  else say(t('seek.none'));
}

async function showFirstUnread(count, read) {
  const { FirstUnread } = await import('../room/first-unread.js');
  firstUnread = new FirstUnread(log.list, count, () => leap({ around: read + 1 }, () => firstUnread.arrive()));
}

function toDay(date) {
  leap({ since: date.toISOString() }, () => scroll.show(log.since(date), 'start'));
}

function toNewest() {
  if (!log.newer && !pages.leaping) return scroll.toEnd();
  pages.leap({}, () => scroll.toEnd());
  // Without a connection, as far as there is something.
  if (!feed.joined) log.list.scrollTop = log.list.scrollHeight;
}

function leap(place, then) {
  if (feed.joined) pages.leap(place, then);
  else say(t('offline.now'));
}

let quiet = 0;
function say(text) {
  const line = $('#notice');
  line.textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { line.textContent = ''; }, NOTICE);
}
