import { api } from './api.js';
import { $, el, style } from './dom.js';
import { face, nameOf } from './faces.js';
import { visited } from './keys.js';
import { t } from './text.js';

const MOST = 12;
const ASK_AFTER = 120; // ms without a key
const MARKS = { private: '◆', direct: '@' };

// How well words meet a text: 0 begins it, 1 begins a word of it, 2 its letters are there in their order; null not at all.
function rank(text, words) {
  const all = text.toLowerCase();
  if (all.startsWith(words)) return 0;
  if (all.split(/[\s._-]+/).some((word) => word.startsWith(words))) return 1;
  let at = 0;
  for (const letter of all) if (letter === words[at]) at += 1;
  return at === words.length ? 2 : null;
}

/** Leads to a room, or to a direct talk with somebody, by a few letters of the name. */
export async function openSwitcher() {
  if ($('#switcher')) return;
  await style('pop.css');
  const rooms = [...document.querySelectorAll('#rooms a[data-slug]')].map(({ dataset }) => ({
    mark: MARKS[dataset.kind] ?? '#', name: dataset.title || dataset.slug, words: `${dataset.title} ${dataset.slug}`, slug: dataset.slug, aside: dataset.member === 'true' ? '' : t('switcher.other'),
    open: () => location.assign(`/rooms/${dataset.slug}`),
  }));
  const recent = visited();
  const age = ({ slug }) => (recent.indexOf(slug) + 1) || Infinity;
  const field = el('input', {
    type: 'text', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'switcher-list', 'aria-autocomplete': 'list', autocomplete: 'off', spellcheck: 'false',
    'aria-label': t('switcher.title'), placeholder: t('switcher.title'), dir: 'auto',
  });
  const list = el('ul', { id: 'switcher-list', role: 'listbox', 'aria-label': t('switcher.title') });
  const dialog = el('dialog', { id: 'switcher', class: 'ask switcher', 'aria-label': t('switcher.title') }, field, list);
  let found = [];
  let at = 0;
  let timer = 0;

  const choose = (next) => {
    at = found.length ? (next + found.length) % found.length : -1;
    [...list.children].forEach((item, index) => item.setAttribute('aria-selected', String(index === at)));
    list.children[at]?.scrollIntoView({ block: 'nearest' });
    if (at >= 0) field.setAttribute('aria-activedescendant', `switcher-${at}`);
    else field.removeAttribute('aria-activedescendant');
  };
  const draw = (people = []) => {
    const words = field.value.trim().toLowerCase();
    const ranked = rooms.map((room) => [rank(room.words.trim(), words), room]).filter(([place]) => place !== null);
    ranked.sort(([a, one], [b, other]) => a - b || age(one) - age(other) || 0);
    const likely = ranked.filter(([place]) => place < 2);
    found = [...likely.slice(0, MOST), ...people.map((one) => [0, one]), ...ranked.slice(likely.length, MOST)].map(([, each]) => each);
    list.replaceChildren(...found.map(({ user, mark, name, aside }, index) => el('li', { role: 'option', id: `switcher-${index}` },
      user ? face(user, true) : el('i', { 'aria-hidden': 'true' }, mark), el('b', { dir: 'auto' }, name), el('small', { dir: 'auto' }, aside))));
    if (!found.length) list.append(el('li', { class: 'soft', role: 'option', 'aria-disabled': 'true' }, t('switcher.none')));
    choose(0);
  };
  const search = async () => {
    const { value } = field;
    draw();
    clearTimeout(timer);
    if (!value.trim()) return;
    timer = setTimeout(async () => {
      const { users } = await api('GET', `/users?limit=${MOST}&q=${encodeURIComponent(value.trim().replace(/^@/, ''))}`).catch(() => ({ users: [] }));
      if (field.value === value) draw(users.map((user) => ({ user, name: nameOf(user), aside: `@${user.username}`, open: () => talkTo(user) })));
    }, ASK_AFTER);
  };
  const talkTo = async ({ username }) => {
    const { slug } = await api('POST', '/direct', { users: [username] });
    location.assign(`/rooms/${slug}`);
  };
  const take = async (index) => {
    try {
      await found[index]?.open();
    } catch (error) {
      list.replaceChildren(el('li', { class: 'error', role: 'alert' }, error.message));
    }
  };

  field.addEventListener('input', search);
  dialog.addEventListener('keydown', (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.isComposing) return;
    if (event.key in steps) choose(at + steps[event.key]);
    else if (event.key === 'Enter') take(at);
    else return;
    event.preventDefault();
  });
  list.addEventListener('click', ({ target }) => take([...list.children].indexOf(target.closest('li'))));
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  draw();
  document.body.append(dialog);
  dialog.showModal();
  field.focus();
}
