import { el } from '../core/dom.js';
import { api } from '../net/api.js';
import { face, nameOf } from '../people/avatars.js';
import { finder } from './finder.js';
import { t } from '../core/text.js';

const PAUSE = 120; // ms of no typing before the server is asked
const MOST = 20;

let asking = 0;

/** People by the beginnings of their names, as options of a finder; null where more was typed meanwhile. */
export async function people(text, me, most = MOST) {
  asking += 1;
  const mine = asking;
  await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  if (mine !== asking) return null;
  const { users } = await api('GET', `/users?q=${encodeURIComponent(text)}&limit=${most}`);
  return users.filter((user) => user.id !== me.id)
    .map((user) => ({ key: `@${user.username}`, user, label: nameOf(user), note: `@${user.username}`, mark: face(user, true) }));
}

/** A field that finds people, of whom several can be picked. */
export function whom(me) {
  const picked = new Map(); // username → user
  const chips = el('div', { class: 'chips' });
  const draw = () => chips.replaceChildren(...[...picked.values()].map((user) => {
    const chip = el('button', { type: 'button', class: 'chip', 'aria-label': t('find.picked', { name: nameOf(user) }) }, el('bdi', {}, nameOf(user)), ' ×');
    chip.addEventListener('click', () => {
      picked.delete(user.username);
      draw();
      found.input.focus();
    });
    return chip;
  }));
  const found = finder({
    label: t('find.people'),
    find: (text) => people(text, me),
    take: ({ user }) => {
      picked.set(user.username, user);
      draw();
      found.input.value = '';
      found.search();
    },
  });
  return { content: [chips, found.box], names: () => [...picked.keys()] };
}
