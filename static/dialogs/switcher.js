import { $, el, style } from '../core/dom.js';
import { finder } from './finder.js';
import { fits, fitting } from '../core/fuzzy.js';
import { visited } from './shortcuts.js';
import { talkWith } from './new-direct.js';
import { t } from '../core/text.js';
import { people } from './people-finder.js';

const MARKS = { private: '◆', direct: '@' };
const MOST = 12;
const LIKELY = 2; // rooms that fit worse stand below the people

/** Leads to a room, or to a direct talk with somebody, by a few letters of the name. */
export async function openSwitcher() {
  if ($('#switcher')) return;
  await Promise.all([style('popups.css'), style('dialogs.css')]);
  const recent = visited();
  const age = ({ slug }) => (recent.indexOf(slug) + 1) || MOST + 1;
  const rooms = [...document.querySelectorAll('#rooms a[data-slug]')].map(({ title, dataset }) => ({ title, ...dataset })).sort((a, b) => age(a) - age(b));
  const names = ({ slug, title }) => [slug, title];
  const option = (room) => ({
    key: room.slug, label: room.title, note: room.member != null ? '' : t('switcher.other'), mark: el('i', { 'aria-hidden': 'true', class: room.kind }, MARKS[room.kind] ?? '#'),
    open: () => location.assign(`/rooms/${room.slug}`),
  });
  const dialog = el('dialog', { id: 'switcher', class: 'ask switcher', 'aria-label': t('switcher.title') });
  const found = finder({
    label: t('switcher.title'),
    find: async (text, show) => {
      const these = fitting(text, rooms, names, 1).slice(0, MOST);
      show(these.map(option));
      const others = text && await people(text.replace(/^@/, ''), {}, MOST).catch(() => []);
      if (!others) return null;
      const likely = these.filter((room) => Math.max(...names(room).map((name) => fits(text, name))) >= LIKELY);
      const talks = others.map((each) => ({ ...each, open: () => talkWith([each.user.username]) }));
      return [...likely.map(option), ...talks, ...these.slice(likely.length).map(option)];
    },
    take: async ({ open }) => {
      try {
        await open();
      } catch (error) {
        found.say(error.message);
      }
    },
  });
  dialog.append(found.box);
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
