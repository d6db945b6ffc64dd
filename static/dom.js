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

const SHAPES = {
  reply: 'M8 5 4 9l4 4M4 9h7c3 0 5 2 5 5',
  edit: 'm4 16 .8-3.2L13 4.6a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2L7.2 15.2 4 16z',
  flag: 'M5 17V4M5 4.5c3-2 6.500 2 10 0v7c-3.500 2-7-2-10 0',
  more: 'M4.500 10h.01M10 10h.01M15.500 10h.01',
  bin: 'M4 6h12M8 6V4h4v2M5.5 6l.7 9.5h7.6l.7-9.5M8.5 9v4M11.5 9v4',
};

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

/** Loads one of our stylesheets, once, for what is not on the page from its start. */
export function style(name) {
  const { href } = new URL(name, import.meta.url);
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
