import { api } from '../net/api.js';
import { $, el, style } from '../core/dom.js';
import { face, nameOf } from '../people/avatars.js';
import { place } from './menu.js';
import { locale, t } from '../core/text.js';

/** Who somebody is, beside their name. Escape and a click elsewhere close it; the focus goes back. */
export async function open(near, username, { me, say }) {
  const [user] = await Promise.all([api('GET', `/users/${encodeURIComponent(username)}`), style('dialogs.css'), style('popups.css')]);
  const before = document.activeElement;
  const role = user.role === 'member' ? '' : ` · ${t(`role.${user.role}`)}`;
  const may = $('#room-menu')?.dataset.may.includes('moderate');
  const talk = el('button', { type: 'button', class: 'button' }, t('card.message'));
  const link = (href, key) => el('a', { class: 'button quiet', href }, t(key));
  const box = el('div', { class: 'pop card', popover: 'auto', role: 'dialog', 'aria-label': t('card.title', { name: nameOf(user) }), tabindex: '-1' },
    el('header', {}, face(user), el('div', {}, el('b', { dir: 'auto' }, nameOf(user)), el('small', { class: 'soft' }, `@${user.username}${role}`))),
    user.about ? el('p', { dir: 'auto' }, user.about) : null,
    user.time_zone ? el('p', { class: 'soft' }, t('card.local-time', { time: timeIn(user.time_zone) })) : null,
    el('div', { class: 'actions' }, user.id === me.id ? null : talk, link(`/people/${encodeURIComponent(user.username)}`, 'card.profile'),
      may && user.id !== me.id ? link(`${location.pathname.split('/').slice(0, 3).join('/')}/settings#members`, 'card.settings') : null,
      $('.me a[href="/moderation"]') && user.id !== me.id ? link('/moderation', 'card.admin') : null));
  talk.addEventListener('click', async () => {
    try {
      await (await import('./new-direct.js')).talkWith([user.username]);
    } catch (error) {
      box.hidePopover();
      say(error.message);
    }
  });
  box.addEventListener('toggle', ({ newState }) => {
    if (newState !== 'closed') return;
    const held = box.contains(document.activeElement) || document.activeElement === document.body;
    box.remove();
    if (held) before?.focus({ preventScroll: true });
  });
  document.body.append(box);
  box.showPopover();
  place(box, near, true);
  ($('.button', box) ?? box).focus();
}

function timeIn(timeZone) {
  try {
    return new Intl.DateTimeFormat(locale, { timeZone, weekday: 'short', hour: 'numeric', minute: '2-digit' }).format();
  } catch {
    return timeZone; // one that this browser does not know
  }
}
