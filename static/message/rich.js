import { all, el, style } from '../core/dom.js';
import { t } from '../core/text.js';

/**
 * Gives code a button that copies it, and has spoilers shown by a click or a key.
 * @param {HTMLElement} body
 */
export function enrich(body) {
	style('rich.css');
	for (const code of all('pre', body)) {
		const copy = el('button', { type: 'button', class: 'copy' }, t('code.copy'));
		copy.addEventListener('click', () => copyCode(code, copy));
		const frame = el('div', { class: 'code' });
		code.replaceWith(frame);
		frame.append(code, copy);
	}
	for (const spoiler of all('.spoiler', body)) {
		const button = { role: 'button', tabindex: '0', 'aria-label': t('spoiler.show') };
		for (const [name, value] of Object.entries(button)) spoiler.setAttribute(name, value);
		const show = () => {
			spoiler.className = '';
			for (const name of Object.keys(button)) spoiler.removeAttribute(name);
		};
		spoiler.addEventListener('click', show, { once: true });
		spoiler.addEventListener('keydown', (event) => {
			if (!spoiler.className || (event.key !== 'Enter' && event.key !== ' ')) return;
			event.preventDefault();
			show();
		});
	}
}

/**
 * Copies a block of code, also where the page may not write to the clipboard, and says so on the button.
 * @param {HTMLElement} code
 * @param {HTMLElement} button
 */
async function copyCode(code, button) {
	const text = code.textContent ?? '';
	const copied = await (navigator.clipboard?.writeText(text).then(
		() => true,
		() => false,
	) ?? copySelected(code));
	button.textContent = t(copied ? 'code.copied' : 'copy.failed');
	setTimeout(() => {
		button.textContent = t('code.copy');
	}, 2_000);
}

/** @param {HTMLElement} code */
function copySelected(code) {
	const selection = getSelection();
	selection?.selectAllChildren(code);
	const copied = document.execCommand('copy');
	selection?.removeAllRanges();
	return copied;
}
