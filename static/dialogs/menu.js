import { el, style } from '../core/dom.js';

/** Puts a popover beside an element, their ends or their starts in one line, inside the window. On a small window it is a sheet at the bottom. */
export function place(box, near, atStart = false) {
  if (matchMedia('(max-width: 720px)').matches) return;
  const at = near.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const left = Math.min(Math.max(8, (document.dir === 'rtl') === atStart ? at.right - width : at.left), innerWidth - width - 8);
  const below = at.bottom + 4 + height < innerHeight;
  Object.assign(box.style, { left: `${left}px`, top: `${Math.max(8, below ? at.bottom + 4 : at.top - height - 4)}px` });
}

/**
 * A menu beside an element: `items` are `{ label, mark?, danger?, act }`, those with a `mark` (an emoji) stand in a row above.
 * Arrow keys walk, Escape and a click elsewhere close it; the focus goes back unless the act has moved it.
 */
export async function menu(near, label, items) {
  await style('popups.css');
  const before = document.activeElement;
  const buttons = items.map(({ label: text, mark, danger, act }) => {
    const button = el('button', {
      type: 'button', role: 'menuitem', tabindex: '-1', class: danger ? 'danger' : null, 'aria-label': mark ? text : null, title: mark ? text : null,
    }, mark ?? text);
    button.addEventListener('click', () => {
      close();
      act();
    });
    return button;
  });
  const marks = buttons.filter((_, index) => items[index].mark);
  const box = el('div', { class: 'pop menu', role: 'menu', popover: 'auto', 'aria-label': label },
    marks.length ? el('div', { class: 'marks', role: 'none' }, ...marks) : null, ...buttons.filter((button) => !marks.includes(button)));
  const close = () => {
    box.remove();
    before?.focus({ preventScroll: true });
  };
  box.addEventListener('toggle', ({ newState }) => newState === 'closed' && box.isConnected && close());
  box.addEventListener('keydown', (event) => {
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    if (event.key === 'Tab') return close();
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    const step = steps[event.key];
    const next = Number.isFinite(step) ? buttons.indexOf(document.activeElement) + step : step > 0 ? -1 : 0;
    buttons.at(next % buttons.length).focus();
  });
  (near.closest('main, nav, aside') ?? document.body).append(box); // within a landmark
  box.showPopover();
  place(box, near);
  buttons[0].focus();
}
