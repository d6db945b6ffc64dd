/**
 * Which of these elements has the focus, or -1.
 * @param {(Element | null)[]} elements
 */
export const focusedAt = (elements) => elements.indexOf(document.activeElement);

let ids = 0;

/**
 * An id that no other element of the page has.
 * @param {string} prefix
 */
export function uniqueId(prefix) {
	ids += 1;
	return `${prefix}-${ids}`;
}
