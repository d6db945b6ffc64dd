export const $ = (selector, root = document) => root.querySelector(selector);

/** An element with attributes (`false`, `null` and `undefined` leave one out) and children (nodes or text). */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, '');
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** Loads one of our stylesheets, once, for what is not on the page from its start. */
export function style(name) {
  const { href } = new URL(`../css/${name}`, import.meta.url);
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return Promise.resolve();
  return new Promise((resolve) => {
    const link = el('link', { rel: 'stylesheet', href });
    link.onload = link.onerror = resolve; // without it things are plain, and work
    document.head.append(link);
  });
}

/** Sets text only where it differs: a live region repeats what is set again. */
export function setText(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}
