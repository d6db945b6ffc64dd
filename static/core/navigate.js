/** @typedef {(path: string) => unknown} Go */

/** @type {Go} */
let go = (path) => location.assign(path);

/**
 * Leads to one of the server's pages. A page that can show some of them itself says how.
 * @param {string} path
 */
export const navigate = (path) => go(path);

/** @param {Go} act shows a page, or leaves this one for it */
export function navigateBy(act) {
	go = act;
}
