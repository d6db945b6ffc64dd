import { closest, el } from './dom.js';

/**
 * Copies text, and answers whether that could be done. A page that came by plain http has no `navigator.clipboard`: there
 * it is what is selected that is copied.
 * @param {string} text
 */
export async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return copySelected(text);
	}
}

/** @param {string} text */
function copySelected(text) {
	const focused = document.activeElement;
	const selection = getSelection();
	const range = selection?.rangeCount ? selection.getRangeAt(0) : null;
	const field = el('textarea', { class: 'unseen', readonly: true });
	field.value = text;
	// All else is inert while a dialog is open.
	((focused && closest(focused, 'dialog')) ?? document.body).append(field);
	field.select();
	const isCopied = document.execCommand('copy');
	field.remove();
	if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
	if (range) {
		selection?.removeAllRanges();
		selection?.addRange(range);
	}
	return isCopied;
}
