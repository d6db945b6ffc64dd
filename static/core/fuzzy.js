/**
 * Text as it is compared: in small letters, however its accents were typed.
 * @param {string} text
 */
export const folded = (text) => text.normalize('NFKC').toLowerCase();

/**
 * How well a name matches what was typed: 5 it is that, 4 it begins so, 3 a word in it does, 2 it holds it, 1 its letters
 * come in that order, 0 not at all.
 * @param {string} text
 * @param {string} name
 */
export function score(text, name) {
	if (!text) return 3;
	const [wanted, has] = [folded(text), folded(name)];
	if (has === wanted) return 5;
	if (has.startsWith(wanted)) return 4;
	if (has.split(/[^\p{L}\p{M}\p{N}]+/u).some((word) => word.startsWith(wanted))) return 3;
	if (has.includes(wanted)) return 2;
	let from = 0;
	for (const letter of wanted) {
		from = has.indexOf(letter, from) + 1;
		if (!from) return 0;
	}
	return 1;
}

/**
 * Those of which one of the names has at least this score, the best first, others in the order given.
 * @template T
 * @param {string} text
 * @param {T[]} items
 * @param {(item: T) => string[]} names
 * @param {number} least
 * @returns {T[]}
 */
export function matching(text, items, names, least) {
	const rated = items.map((item) => ({ item, best: Math.max(...names(item).map((name) => score(text, name))) }));
	return rated
		.filter(({ best }) => best >= least)
		.sort((a, b) => b.best - a.best)
		.map(({ item }) => item);
}
