import { el, style } from '../core/dom.js';
import { fitting } from '../core/fuzzy.js';
import { place } from '../dialogs/menu.js';
import { t } from '../core/text.js';

const RECENT = 'klatch:emoji';
const MOST_RECENT = 16;
const MOST_FOUND = 120;

let known = null;
/** All emoji in groups, as the server lists them: `[[group, [[emoji, name, …shortcodes]]]]`. */
const emojis = () => (known ??= fetch(new URL('../emoji.json', import.meta.url)).then((response) => response.json()));

/** Emoji by their names and shortcodes, those that fit best first. */
export async function search(words, most = MOST_FOUND) {
  const all = (await emojis()).flatMap(([, list]) => list);
  return fitting(words.trim(), all, ([, ...names]) => names, 2).slice(0, most);
}

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT)) ?? [];
  } catch {
    return [];
  }
}

function remember(emoji) {
  localStorage.setItem(RECENT, JSON.stringify([emoji, ...recent().filter((each) => each !== emoji)].slice(0, MOST_RECENT)));
}

/** Lets somebody pick an emoji; null where they pick none. Typing searches, arrow keys walk through what is found. */
export async function pick(near) {
  const [groups] = await Promise.all([emojis(), style('popups.css')]);
  const names = new Map(groups.flatMap(([, list]) => list).map((entry) => [entry[0], entry]));
  const field = el('input', { type: 'search', placeholder: t('picker.search'), 'aria-label': t('picker.search'), autocomplete: 'off', spellcheck: 'false' });
  const list = el('div', { class: 'emoji', tabindex: '-1' });
  const box = el('div', { class: 'pop picker', role: 'dialog', popover: 'auto', 'aria-label': t('picker.title') }, field, list);
  const button = ([emoji, name]) => el('button', { type: 'button', tabindex: '-1', 'aria-label': name, title: name, 'data-emoji': emoji }, emoji);
  const section = (title, entries) => entries.length ? [el('h3', {}, title), el('div', { class: 'grid', role: 'group', 'aria-label': title }, ...entries.map(button))] : [];
  const draw = async () => {
    const { value } = field;
    const found = value.trim() ? section(t('picker.found'), await search(value)) : [
      ...section(t('picker.recent'), recent().map((emoji) => names.get(emoji)).filter(Boolean)),
      ...groups.flatMap(([title, entries]) => section(t(`picker.${title}`), entries)),
    ];
    if (value !== field.value) return;
    list.replaceChildren(...found.length ? found : [el('p', { class: 'soft', role: 'status' }, t('picker.none'))]);
    const first = list.querySelector('button');
    if (first) first.tabIndex = 0;
  };
  await draw();
  const before = document.activeElement;
  document.body.append(box);
  box.showPopover();
  place(box, near);
  field.focus();
  return new Promise((resolve) => {
    const end = (emoji) => {
      if (!box.isConnected) return;
      box.remove();
      before?.focus({ preventScroll: true });
      if (emoji) remember(emoji);
      resolve(emoji);
    };
    field.addEventListener('input', draw);
    box.addEventListener('toggle', ({ newState }) => newState === 'closed' && end(null));
    list.addEventListener('click', ({ target }) => target.dataset.emoji && end(target.dataset.emoji));
    box.addEventListener('keydown', (event) => {
      const buttons = [...list.querySelectorAll('button')];
      const at = buttons.indexOf(document.activeElement);
      if (event.key === 'Enter' && at < 0) {
        event.preventDefault();
        end(buttons[0]?.dataset.emoji ?? null);
      } else if (event.key === 'ArrowDown' && at < 0) walk(event, buttons[0]);
      else if (at >= 0 && event.key.startsWith('Arrow')) walk(event, neighbour(buttons, at, event.key) ?? field);
    });
  });
}

function walk(event, to) {
  event.preventDefault();
  to?.focus();
}

// The one beside, above or below, as they are seen; nothing above the first row.
function neighbour(buttons, at, key) {
  if (key === 'ArrowRight') return buttons[at + 1] ?? buttons[at];
  if (key === 'ArrowLeft') return buttons[at - 1];
  const { left, top } = buttons[at].getBoundingClientRect();
  const others = key === 'ArrowDown' ? buttons.slice(at + 1) : buttons.slice(0, at).reverse();
  const line = others.map((button) => button.getBoundingClientRect()).find((box) => box.top !== top)?.top;
  const row = others.filter((button) => button.getBoundingClientRect().top === line);
  const distance = (button) => Math.abs(button.getBoundingClientRect().left - left);
  return row.sort((a, b) => distance(a) - distance(b))[0] ?? (key === 'ArrowDown' ? buttons[at] : undefined);
}
