import { el } from '../core/dom.js';

const HUES = 12;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const firstOf = (word) => graphemes.segment(word)[Symbol.iterator]().next().value?.segment ?? '';

export const nameOf = (user) => user.display_name || user.username;

/** The first letters of the first and the last word; one character for scripts that have no letters. */
export function initials(name) {
  const words = name.trim().split(/\s+/u);
  const letters = words.length > 1 ? firstOf(words[0]) + firstOf(words.at(-1)) : firstOf(words[0]);
  return letters.toLocaleUpperCase();
}

export function hueOf(id) {
  const number = Number(id);
  if (Number.isSafeInteger(number)) return number % HUES;
  return [...String(id)].reduce((sum, character) => (sum + character.codePointAt(0)) % HUES, 0);
}

export function face(user, small = false) {
  return el('span', { class: `face hue-${hueOf(user.id)}${small ? ' small' : ''}`, 'aria-hidden': 'true' },
    initials(nameOf(user)));
}
