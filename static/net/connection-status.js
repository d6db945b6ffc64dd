import { $, el, maybe, setText } from '../core/dom.js';
import { t } from '../core/text.js';

/** @typedef {(state: import('./socket.js').State, text: string, retry?: boolean) => void} ShowState */

/**
 * The quiet line that tells how the connection is, on whatever page is shown.
 * @param {() => void} onRetry
 * @returns {ShowState}
 */
export function connectionStatus(onRetry) {
	return (state, text, retry = false) => {
		const root = $('#connection');
		root.dataset.state = state;
		setText(maybe('span', root) ?? root.appendChild(el('span')), text);
		const button = maybe('button', root);
		if (!retry) button?.remove();
		else if (!button) {
			const made = el('button', { type: 'button', class: 'link' }, t('connection.now'));
			made.addEventListener('click', onRetry);
			root.append(' ', made);
		}
	};
}
