import { $, setText } from './dom.js';
import { nameOf } from './faces.js';
import { company } from './company.js';
import { Composer } from './composer.js';
import { connectionLine } from './connection.js';
import { Feed } from './feed.js';
import { Log } from './log.js';
import { Notices } from './notices.js';
import { Outbox } from './outbox.js';
import { People } from './people.js';
import { Reading } from './reading.js';
import { Rooms } from './rooms.js';
import { Scroll } from './scroll.js';
import { Socket } from './socket.js';
import { Tools } from './tools.js';
import { ask } from './ask.js';
import { localise } from './served.js';
import { t } from './text.js';
import { keys, visit } from './keys.js';
import { sheets } from './sheets.js';

const OLDER = 50; // messages a time
const SOUGHT = 100; // while one is sought
const NOTICE = 8_000; // ms that a notice stays

const { room: slug, name, userId, username, displayName, removes } = $('#talk').dataset;
const id = Number(userId);
const me = { id: Number.isSafeInteger(id) ? id : userId, username, display_name: displayName };

const socket = new Socket({ onFrame, onState });
const tellConnection = connectionLine(() => socket.connectNow());
const rooms = new Rooms({ here: slug, title: name });
const people = new People(me);
const notices = new Notices();

let sought = null; // the message that older ones are loaded for
let deletions = null; // loaded with the first
let olderAsked = false;
let first = true;
let editsAsked = 0;
const edits = new Map(); // ref → the message with its new body, until the server has it
const log = new Log($('#log'), {
  me, name,
  askFor: (quoted) => socket.send({ type: 'history', room: slug, before: quoted + 1, limit: 1, ref: `quote ${quoted}` }),
});
const scroll = new Scroll(log.list, $('#jump'), { onTop: loadOlder, onEnd: () => reading.update() });
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
  forgotten: () => end('You have logged out.'),
});
const composer = new Composer({
  room: slug,
  store: `klatch:draft:${userId}:${slug}`,
  post: (body, replyTo) => {
    reading.goOn();
    scroll.toEnd();
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
  lastOwn: () => log.lastOwn(),
});
new Tools(log.list, {
  me, act, removes: removes !== undefined,
  find: (article) => log.get(Number(article?.dataset.id)),
  leave: () => composer.focus(),
});

localise(log.list);
company({ rooms, me, say });
keys();
$('#star').addEventListener('click', () => rooms.star().catch((error) => say(error.message)));
$('#switch').addEventListener('click', () => import('./switcher.js').then(({ openSwitcher }) => openSwitcher()));
visit(slug);
sheets();
log.list.addEventListener('click', followQuote);
scroll.toEnd();
socket.start();
if (matchMedia('(hover: hover) and (pointer: fine)').matches && document.activeElement === document.body) composer.focus();

function onState(state, text, retry) {
  tellConnection(state, text, retry);
  if (state === 'online') return;
  feed.lost();
  outbox.close();
  people.gone();
  olderAsked = false;
  log.olderFailed();
  if (edits.size) say('The connection was lost before your edit was saved. Save it again.');
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
    case 'history': return onHistory(frame);
    case 'done': return edits.delete(frame.ref);
    case 'presence': return people.change(frame);
    case 'typing': return people.typing(frame.user);
    case 'read': return reading.rise(frame.seq);
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

function fresh(frame) {
  scroll.hold(() => {
    log.reset(frame.messages, frame.more, first ? frame.read : undefined);
    outbox.renew(frame.messages);
  });
  first = false;
  resumed(frame);
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
  scroll.hold(() => {
    for (const message of messages) {
      const own = outbox.settle(message);
      if (!log.put(message)) continue;
      const mine = own || message.author.id === me.id;
      if (live) rooms.arrived(mine);
      if (mine) continue;
      others.push(message);
      people.stopped(message.author.id);
    }
    if (scroll.atEnd) log.trim();
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
  scroll.checkTop();
  const linked = location.hash.match(/^#m-(\d+)$/);
  if (!linked) return;
  history.replaceState(null, '', location.pathname); // once
  seek(Number(linked[1]));
}

function announce(messages) {
  const [message] = messages;
  setText($('#announce'), messages.length > 1 ? `${messages.length} new messages`
    : `${nameOf(message.author)}: ${message.body.slice(0, 200)}`);
}

function loadOlder() {
  if (olderAsked || !feed.joined || !log.more || log.oldest === null) return;
  olderAsked = socket.send({ type: 'history', room: slug, before: log.oldest, limit: sought === null ? OLDER : SOUGHT, ref: 'older' });
  if (olderAsked) log.awaitOlder();
}

function onHistory({ ref, messages, more }) {
  if (ref === 'older') {
    olderAsked = false;
    scroll.hold(() => log.prepend(messages, more));
    if (sought !== null) seek(sought);
  } else if (ref?.startsWith('quote ')) {
    const message = messages.find((each) => `quote ${each.id}` === ref);
    if (message) log.putQuoted(message);
  }
}

function onError(frame) {
  const joining = frame.ref === 'join' || frame.ref === 'resume';
  if (frame.code === 'not_joined' && !joining) feed.rejoin();
  const edit = edits.get(frame.ref);
  if (joining) {
    if (!feed.onError(frame)) end('This room is no longer open to you.');
  } else if (frame.ref === 'older') {
    log.olderFailed();
    setTimeout(() => {
      olderAsked = false;
      scroll.checkTop();
    }, frame.retry_after_ms ?? 2_000);
  } else if (frame.ref === 'act') {
    say(frame.message);
  } else if (edit) {
    edits.delete(frame.ref);
    say(frame.message);
    composer.putBack(edit);
  }
}

function onLeft(reason) {
  if (reason === 'removed') end('You are no longer a member of this room.');
  else if (reason === 'deleted') end('This room was deleted.');
}

function end(why) {
  feed.end();
  outbox.fail(why);
  composer.disable(why);
  people.reset({ count: 0, users: [] });
}

function request(frame) {
  if (feed.joined && socket.send({ ref: 'act', ...frame, room: slug })) return true;
  say('Not connected just now. Try again in a moment.');
  return false;
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
  if (what === 'more') return (await import('./actions.js')).messageMenu(near, message, { me, room: slug, removes: removes !== undefined, act, say });
  if (what === 'unread') return markUnread(message.id);
  if (what === 'pick') {
    const picked = await (await import('./picker.js')).pick(near);
    return picked && act('react', message, picked);
  }
  if (message.author.id !== me.id) {
    if (await ask('Remove this message? Everyone sees that it is gone.', 'Remove')) request({ type: 'delete', id: message.id });
    return;
  }
  deletions ??= new (await import('./deletions.js')).Deletions({
    room: slug, say, send: (gone) => feed.joined && socket.send({ type: 'delete', room: slug, id: gone }),
  });
  deletions.start(message, log.article(message.id));
}

function markUnread(id) {
  log.markFresh(id);
  reading.hold();
  say(t('message.unread-done'));
}

function followQuote(event) {
  const to = event.target.closest('.quote')?.dataset.to;
  if (!to) return;
  event.preventDefault();
  seek(Number(to));
}

// Shows a message, if need be after loading what lies between.
function seek(id) {
  const article = log.article(id);
  sought = null;
  if (article) scroll.show(article);
  else if (log.more && id < log.oldest) {
    sought = id;
    scroll.leaveEnd();
    loadOlder();
  } else say(t('seek.none'));
}

let quiet = 0;
function say(text) {
  const line = $('#notice');
  line.textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { line.textContent = ''; }, NOTICE);
}
