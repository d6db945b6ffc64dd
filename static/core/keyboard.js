import { t } from './text.js';

const isMac = /Mac|iP/.test(navigator.platform);

/** How texts name the key that commands are given with. */
export const COMMAND = isMac ? '⌘' : t('key.control');

/** Nothing but fingers: their keyboards have no Shift+Enter, so Enter breaks the line and the button sends. */
export const isTouched = matchMedia('(pointer: coarse) and (not (any-pointer: fine))').matches;

/**
 * Whether an input method takes this key: its Enter picks a candidate, its Escape leaves them (229 is how Safari tells).
 * @param {KeyboardEvent} event
 */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/**
 * Hears keys, but for those that an input method takes.
 * @param {EventTarget} target
 * @param {(event: KeyboardEvent) => unknown} act
 * @param {AddEventListenerOptions} [options]
 */
export function onKey(target, act, options) {
	const hear = (/** @type {any} */ event) => isComposing(event) || act(event);
	target.addEventListener('keydown', hear, options);
}

/**
 * A key by what stands on it in the layout that is in use, in small letters. On layouts without Latin letters (Greek,
 * Cyrillic, Hebrew, Arabic, Thai, …) a letter is the one that a QWERTY keyboard has at its place.
 * @param {KeyboardEvent} event
 */
export const keyOf = ({ key, code }) =>
	(/[\p{ASCII}\p{Script=Latin}]/u.test(key) ? key : code.replace('Key', '')).toLowerCase();

/**
 * What is pressed with Control, on a Mac with Command and never with Control: "k", "shift k", "shift enter", or nothing. A
 * digit with Shift is told by its place, where layouts have different signs.
 * @param {KeyboardEvent} event
 */
export function commandOf(event) {
	const { altKey, ctrlKey, metaKey, shiftKey, key, code } = event;
	if (altKey || ctrlKey === isMac || metaKey !== isMac) return '';
	if (!shiftKey) return keyOf(event);
	return `shift ${/\d/.test(key) ? key : (code.match(/^Digit(\d)/)?.[1] ?? keyOf(event))}`;
}
