import { locale } from './locale.js';

export { locale };

/** @typedef {Record<string, string | number | null | undefined>} Values */

const { lang } = document.documentElement;
/** @type {Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>} */
const texts = await (await fetch(new URL(`../texts/${lang}.json`, import.meta.url))).json();
const plurals = new Intl.PluralRules(lang);

/**
 * A text in the page's language, with values in the place of their `{name}`; `count` chooses the plural form.
 * @param {string} key
 * @param {Values} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
	const text = texts[key] ?? key;
	const form = typeof text === 'string' ? text : (text[plurals.select(Number(values.count))] ?? text.other ?? key);
	return form.replace(/\{(\w+)\}/g, (all, name) => {
		const value = values[name] ?? all;
		if (typeof value === 'number') return value.toLocaleString(locale);
		// A value that may run from right to left turns nothing around it: it is isolated (U+2068 to U+2069).
		return /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/.test(value) ? `\u2068${value}\u2069` : value;
	});
}
