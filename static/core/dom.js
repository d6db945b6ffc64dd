/**
 * The element that a selector finds, where there may be none of this class.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @param {new () => T} [Class]
 * @returns {T | null}
 */
export function maybe(selector, root = document, Class = /** @type {any} */ (HTMLElement)) {
	const found = root.querySelector(selector);
	return found instanceof Class ? found : null;
}

/**
 * The element that a selector finds; a page without it is broken.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @param {new () => T} [Class]
 * @returns {T}
 */
export function $(selector, root = document, Class) {
	const found = maybe(selector, root, Class);
	if (!found) throw new Error(`there is no ${selector}`);
	return found;
}

/**
 * All elements that a selector finds.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @param {new () => T} [Class]
 * @returns {T[]}
 */
export function all(selector, root = document, Class = /** @type {any} */ (HTMLElement)) {
	return /** @type {T[]} */ ([...root.querySelectorAll(selector)].filter((found) => found instanceof Class));
}

/**
 * The part of a component: the element in its root with this `data-part`.
 * @template {Element} [T=HTMLElement]
 * @param {string} name
 * @param {ParentNode} root
 * @param {new () => T} [Class]
 * @returns {T}
 */
export const part = (name, root, Class) => $(`[data-part=${name}]`, root, Class);

/**
 * The nearest element around an event's target that matches.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function targetOf(event, selector) {
	return event.target instanceof Element ? closest(event.target, selector) : null;
}

/**
 * @param {Element} element
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export const closest = (element, selector) => element.closest(selector);

/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */
/** @typedef {Node | string | null | undefined} Child */

/**
 * An element with attributes (`false`, `null` and `undefined` leave one out) and children.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (value === true) node.setAttribute(name, '');
		else if (value !== false && value != null) node.setAttribute(name, String(value));
	}
	for (const child of children) if (child != null) node.append(child);
	return node;
}

/**
 * Loads one of our stylesheets, once, for what is not on the page from its start.
 * @param {string} name
 */
export async function style(name) {
	const { href } = new URL(`../css/${name}`, import.meta.url);
	if ([...document.styleSheets].some((sheet) => sheet.href === href)) return;
	await new Promise((resolve) => {
		const link = el('link', { rel: 'stylesheet', href });
		link.onload = resolve;
		link.onerror = resolve; // without it things are plain, and work
		document.head.append(link);
	});
}

/**
 * Sets text only where it differs: a live region repeats what is set again.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
	if (node.textContent !== text) node.textContent = text;
}

/** Whether somebody looks at this page: it is shown, and its window has the focus. */
export const isLookedAt = () => !document.hidden && document.hasFocus();

/**
 * @param {() => void} act when somebody may look at this page now, or no more
 * @param {AbortSignal} [signal] ends that
 */
export function onLook(act, signal) {
	document.addEventListener('visibilitychange', act, { signal });
	for (const kind of ['focus', 'blur']) addEventListener(kind, act, { signal });
}
