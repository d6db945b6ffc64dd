import { KEYS, read, write } from './storage.js';

/** @typedef {'notices' | 'sound' | 'announce'} Setting */

/** @type {Setting[]} */
export const SETTINGS = ['notices', 'sound', 'announce'];

/**
 * Whether this browser's reader wants to be told so. Announcements reach screen readers alone: they are on until somebody
 * turns them off.
 * @param {Setting} setting
 */
export const isWanted = (setting) => (read(KEYS[setting]) ?? (setting === 'announce' ? 'on' : 'off')) === 'on';

/**
 * @param {Setting} setting
 * @param {boolean} on
 */
export const want = (setting, on) => write(KEYS[setting], on ? 'on' : 'off');
