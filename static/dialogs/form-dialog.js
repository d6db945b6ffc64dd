import { el, style } from '../core/dom.js';
import { t } from '../core/text.js';

let forms = 0;

/** A labelled field of a dialog's form. */
export function field(label, input, hint) {
  forms += 1;
  const id = `field-${forms}`;
  input.id = id;
  if (hint) input.setAttribute('aria-describedby', `${id}-hint`);
  return el('div', { class: 'field' }, el('label', { for: id }, label), input, hint ? el('small', { id: `${id}-hint`, class: 'soft' }, hint) : null);
}

/** Choices of which one is taken: `[value, label]`. */
export function choice(name, legend, choices, chosen) {
  return el('fieldset', { class: 'choice' }, el('legend', {}, legend), ...choices.map(([value, label]) => el('label', {},
    el('input', { type: 'radio', name, value, checked: value === chosen }), ` ${label}`)));
}

/**
 * Opens a form over the page; the focus goes back when it is closed. `submit(values, dialog)` does what it says; where that
 * fails the dialog says why and stays. It stays too where `submit` answers true.
 */
export async function dialog(title, yes, content, submit) {
  await Promise.all([style('popups.css'), style('dialogs.css')]);
  forms += 1;
  const id = `dialog-${forms}`;
  const error = el('p', { class: 'error', role: 'alert', hidden: true });
  const cancel = el('button', { type: 'button', class: 'button quiet' }, t('cancel'));
  const button = el('button', { class: 'button' }, yes);
  const form = el('form', { novalidate: false }, el('h2', { id }, title), ...content, error, el('div', { class: 'actions' }, cancel, button));
  const box = el('dialog', { class: 'ask sheet', 'aria-labelledby': id }, form);
  cancel.addEventListener('click', () => box.close());
  box.addEventListener('close', () => box.remove());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.hidden = true;
    try {
      if (!await submit(Object.fromEntries(new FormData(form)), box)) box.close();
    } catch (refusal) {
      error.textContent = refusal.message;
      error.hidden = false;
    }
    button.disabled = false;
  });
  document.body.append(box);
  box.showModal();
  return box;
}
