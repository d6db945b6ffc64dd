import { $, setText } from './dom.js';

/** Asks a yes or no question; the dialog gives the focus back by itself. */
export function ask(question, yes) {
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
