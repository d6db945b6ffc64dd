import { $, el, setText } from '../core/dom.js';
import { t } from '../core/text.js';

/** The quiet line that tells how the connection is. */
export function connectionLine(onRetry) {
  const line = $('#connection');
  return (state, text, retry = false) => {
    line.dataset.state = state;
    const shown = $('span', line) ?? line.appendChild(el('span'));
    setText(shown, text);
    const button = $('button', line);
    if (!retry) button?.remove();
    else if (!button) {
      const made = el('button', { type: 'button', class: 'link' }, t('connection.now'));
      made.addEventListener('click', onRetry);
      line.append(' ', made);
    }
  };
}
