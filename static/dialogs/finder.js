import { el } from '../core/dom.js';
import { t } from '../core/text.js';

let finders = 0;

/**
 * A field with a list of what it finds below it (an ARIA combobox). `find(text, show)` answers `[{ key, label, note?, mark? }]`,
 * or a promise of that (null: nothing new), and may `show` a part before; what a later text finds wins. `take(option)` is told
 * what was chosen.
 */
export function finder({ label, find, take }) {
  finders += 1;
  const id = `finder-${finders}`;
  const list = el('ul', { id, role: 'listbox', 'aria-label': label, class: 'found' });
  const input = el('input', {
    type: 'text', role: 'combobox', 'aria-label': label, placeholder: label, 'aria-expanded': 'true', 'aria-controls': id, 'aria-autocomplete': 'list',
    autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', dir: 'auto', autofocus: true,
  });
  const none = el('p', { class: 'soft none', role: 'status' });
  let options = [];
  let at = 0;
  let asked = 0;

  const mark = (next) => {
    list.children[at]?.removeAttribute('aria-selected');
    at = next;
    const item = list.children[at];
    item?.setAttribute('aria-selected', 'true');
    item?.scrollIntoView({ block: 'nearest' });
    if (item) input.setAttribute('aria-activedescendant', item.id);
    else input.removeAttribute('aria-activedescendant');
  };
  const show = (found) => {
    options = found;
    list.replaceChildren(...options.map((option, index) => el('li', { role: 'option', id: `${id}-${index}`, 'data-key': option.key },
      option.mark, el('span', { class: 'name', dir: 'auto' }, option.label), option.note ? el('small', { class: 'soft' }, option.note) : null)));
    none.textContent = options.length ? '' : t('find.none');
    at = 0;
    mark(0);
  };
  const search = async () => {
    asked += 1;
    const mine = asked;
    const found = find(input.value.trim(), (part) => mine === asked && show(part));
    const all = await Promise.resolve(found).catch(() => null);
    if (all && mine === asked) show(all);
  };
  input.addEventListener('input', search);
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const last = options.length - 1;
    if (event.key === 'ArrowDown') mark(at < last ? at + 1 : 0);
    else if (event.key === 'ArrowUp') mark(at > 0 ? at - 1 : last);
    else if (event.key === 'Enter' && options[at]) take(options[at]);
    else if (event.key !== 'Enter') return;
    event.preventDefault();
  });
  list.addEventListener('mousedown', (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener('click', ({ target }) => {
    const item = target.closest('li');
    if (item) take(options[[...list.children].indexOf(item)]);
  });
  search();
  return { input, box: el('div', { class: 'finder' }, input, list, none), search, say: (text) => { none.textContent = text; } };
}
