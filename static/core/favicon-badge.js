import { $ } from './dom.js';

const link = $('link[rel=icon]', document, HTMLLinkElement);
const plain = link.href;
/** @type {Promise<string> | null} */
let picture = null; // the plain icon's source
let wanted = 0;

/**
 * Draws the number of unread messages onto the page's icon.
 * @param {number} count
 * @param {boolean} mentioned whether some of them mention the reader
 */
export async function badge(count, mentioned) {
	wanted = count;
	if (!count) {
		link.href = plain;
		return;
	}
	picture ??= fetch(plain).then((response) => response.text());
	const svg = await picture.catch(() => null);
	if (svg === null) picture = null;
	if (!svg || wanted !== count) return;
	const mark =
		`<rect x="10" y="12" width="22" height="20" rx="10" fill="${mentioned ? '#c92a2a' : '#212529'}"/>` +
		`<text x="21" y="27.500" fill="#fff" font-family="sans-serif" font-size="16" font-weight="700" text-anchor="middle">${count > 9 ? '9+' : count}</text>`;
	link.href = `data:image/svg+xml,${encodeURIComponent(svg.replace('</svg>', `${mark}</svg>`))}`;
}
