/** How well a name fits what was typed: 5 it is that, 4 it begins so, 3 a word in it does, 2 it holds it, 1 its letters come in that order, 0 not at all. */
export function fits(text, name) {
  if (!text) return 3;
  const [wanted, has] = [text.toLowerCase(), name.toLowerCase()];
  if (has === wanted) return 5;
  if (has.startsWith(wanted)) return 4;
  if (has.split(/[\s_.-]+/u).some((word) => word.startsWith(wanted))) return 3;
  if (has.includes(wanted)) return 2;
  let from = 0;
  for (const letter of wanted) {
    from = has.indexOf(letter, from) + 1;
    if (!from) return 0;
  }
  return 1;
}

/** Those of which one of the names fits at least so well, the best first, others in the order given. `names(each)` gives the names. */
export function fitting(text, all, names, least) {
  const rated = all.map((each) => [Math.max(...names(each).map((name) => fits(text, name))), each]);
  return rated.filter(([fit]) => fit >= least).sort(([a], [b]) => b - a).map(([, each]) => each);
}
