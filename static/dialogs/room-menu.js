import { api } from '../net/api.js';
import { ask } from './confirm.js';
import { choice, dialog, field } from './form-dialog.js';
import { el } from '../core/dom.js';
import { menu } from './menu.js';
import { t } from '../core/text.js';
import { whom } from './people-finder.js';

const LEVELS = ['all', 'mentions', 'none'];

// As a field for dates has it, by the reader's own calendar.
const today = () => new Date().toLocaleDateString('sv');

/** What can be done with the open room; what the reader may not do is left out. */
export function open(button, { rooms, me, say, toDay }) {
  const room = rooms.open();
  const name = room.title || room.slug;
  const path = `/rooms/${encodeURIComponent(room.slug)}`;
  // Whoever became a member by entering may do what members do.
  const may = (what) => button.dataset.may.split(' ').includes(what) || (room.member && room.kind === 'public' && ['mark', 'leave'].includes(what));
  const call = (...given) => api(...given).then(() => rooms.refresh());
  const item = (when, key, act) => (when ? [{ label: t(key), act: () => Promise.resolve(act()).catch((error) => say(error.message)) }] : []);
  const archived = button.dataset.archived !== undefined;
  const notify = (level) => call('PUT', `${path}/notify`, { notify: level });
  menu(button, t('room.menu'), [
    ...item(true, 'room.day', () => dialog(t('room.day-title'), t('room.day-go'), [
      field(t('room.day-date'), el('input', { type: 'date', name: 'day', required: true, max: today() })),
    ], ({ day }) => { toDay(new Date(`${day}T00:00`)); })),
    ...item(may('mark'), room.notify === 'none' ? 'room.unmute' : 'room.mute', () => notify(room.notify === 'none' ? 'all' : 'none')),
    ...item(may('mark'), 'room.notices', () => dialog(t('room.notices-title', { room: name }), t('room.save'),
      [choice('notify', t('room.notices-title', { room: name }), LEVELS.map((level) => [level, t(`room.notices-${level}`)]), room.notify)],
      (given) => notify(given.notify))),
    ...item(may('invite'), 'room.invite', async () => (await import('./invite.js')).open(room.slug, name)),
    ...item(may('admit'), 'room.add', () => {
      const { content, names } = whom(me);
      return dialog(t('room.add-title', { room: name }), t('room.add-done'), content, async () => {
        for (const username of names()) await api('PUT', `${path}/members/${encodeURIComponent(username)}`);
      });
    }),
    ...item(may('describe'), 'room.change', async () => {
      const { title, topic } = await api('GET', path);
      await dialog(t('room.change-title'), t('room.save'), [
        field(t('room.name'), el('input', { name: 'title', maxlength: '100', autocomplete: 'off', dir: 'auto', value: title })),
        field(t('room.topic'), el('input', { name: 'topic', maxlength: '500', autocomplete: 'off', dir: 'auto', value: topic })),
      ], (given) => call('PATCH', path, given));
    }),
    ...item(may('archive'), archived ? 'room.unarchive' : 'room.archive', async () => {
      if (!archived && !await ask(t('room.archive-ask', { room: name }), t('room.archive-do'))) return;
      await api('PATCH', path, { archived: !archived });
      location.reload();
    }),
    ...item(true, 'room.settings', () => location.assign(`${path}/settings`)),
    ...item(may('leave'), 'room.leave', async () => {
      if (!await ask(t('room.leave-ask', { room: name }), t('room.leave-do'))) return;
      await api('DELETE', `${path}/members/me`);
      location.assign('/rooms');
    }),
  ]);
}
