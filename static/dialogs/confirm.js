import { $, setText, style } from '../core/dom.js';

/** Asks a yes or no question; the dialog gives the focus back by itself. */
export async function ask(question, yes) {
  await style('popups.css');
  const dialog = $('#ask');
  setText($('#ask-text'), question);
  setText($('#ask-yes'), yes);
  dialog.returnValue = 'no';
  dialog.showModal();
  $('#ask-yes').focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
