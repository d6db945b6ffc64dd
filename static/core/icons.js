/** @type {Record<string, string>} */
const SHAPES = {
	reply: 'M8 5 4 9l4 4M4 9h7c3 0 5 2 5 5',
	edit: 'm4 16 .8-3.2L13 4.6a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2L7.2 15.2 4 16z',
	flag: 'M5 17V4M5 4.5c3-2 6.500 2 10 0v7c-3.500 2-7-2-10 0',
	more: 'M4.500 10h.01M10 10h.01M15.500 10h.01',
	bin: 'M4 6h12M8 6V4h4v2M5.5 6l.7 9.5h7.6l.7-9.5M8.5 9v4M11.5 9v4',
};

/**
 * One of these drawings, or a path of 20 by 20 units.
 * @param {string} name
 * @param {string} [shape]
 */
export function icon(name, shape = SHAPES[name]) {
	const space = 'http://www.w3.org/2000/svg';
	const svg = document.createElementNS(space, 'svg');
	svg.setAttribute('viewBox', '0 0 20 20');
	svg.setAttribute('aria-hidden', 'true');
	const path = document.createElementNS(space, 'path');
	path.setAttribute('d', shape);
	svg.append(path);
	return svg;
}
