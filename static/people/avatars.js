import { el } from '../core/dom.js';

const HUES = 12;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** @param {string} word */
const firstOf = (word) => graphemes.segment(word)[Symbol.iterator]().next().value?.segment ?? '';

/**
 * What a person is called.
 * @param {Pick<Wire.User, 'username' | 'display_name'>} user
 */
export const nameOf = (user) => user.display_name || user.username;

/**
 * The first letters of the first and the last word; one character for scripts that have no letters.
 * @param {string} name
 */
export function initials(name) {
	const words = name.trim().split(/\s+/u);
	const ends = [words[0], ...words.slice(1).slice(-1)];
	return ends.map(firstOf).join('').toLocaleUpperCase();
}

/**
 * @param {Wire.User} user
 * @param {boolean} [small]
 */
export function face(user, small = false) {
	const hue = user.id % HUES;
	return el(
		'span',
		{ class: `face hue-${hue}${small ? ' small' : ''}`, 'aria-hidden': 'true' },
		initials(nameOf(user)),
	);
}
