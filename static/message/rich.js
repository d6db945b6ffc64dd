import { copy } from '../core/clipboard.js';
import { all, el, style } from '../core/dom.js';
import { onKey } from '../core/keyboard.js';
import { t } from '../core/text.js';

/**
 * Gives code a button that copies it, and has spoilers shown by a click or a key.
 * @param {HTMLElement} body
 */
export function enrich(body) {
	style('rich.css');
	for (const code of all(':not(.code) > pre', body)) {
		const button = el('button', { type: 'button', class: 'copy' }, t('code.copy'));
		button.addEventListener('click', () => copyCode(code, button));
		const frame = el('div', { class: 'code' });
		code.replaceWith(frame);
		frame.append(code, button);
	}
	for (const spoiler of all('.spoiler', body)) {
		const shape = { role: 'button', tabindex: '0', 'aria-label': t('spoiler.show') };
		for (const [name, value] of Object.entries(shape)) spoiler.setAttribute(name, value);
		const show = () => {
			spoiler.className = '';
			for (const name of Object.keys(shape)) spoiler.removeAttribute(name);
		};
		spoiler.addEventListener('click', show, { once: true });
		onKey(spoiler, (event) => {
			if (!spoiler.className || (event.key !== 'Enter' && event.key !== ' ')) return;
			event.preventDefault();
			show();
		});
	}
}

/**
 * Copies a block of code, and says so on the button.
 * @param {HTMLElement} code
 * @param {HTMLElement} button
 */
async function copyCode(code, button) {
	button.textContent = t((await copy(code.textContent ?? '')) ? 'code.copied' : 'copy.failed');
	setTimeout(() => {
		button.textContent = t('code.copy');
	}, 2_000);
}
