const VISITED = 'klatch:visited';
const MOST_VISITED = 12;

/** Rooms that were opened in this browser, the latest first. */
export const visited = () => JSON.parse(localStorage.getItem(VISITED) ?? '[]');

export function visit(slug) {
  localStorage.setItem(VISITED, JSON.stringify([slug, ...visited().filter((each) => each !== slug)].slice(0, MOST_VISITED)));
}

/** Keys that mean the same wherever the focus is. What they open is loaded by the first press. */
export function keys() {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
    const { key } = event;
    const command = event.ctrlKey || event.metaKey;
    if (command && !event.shiftKey && !event.altKey && key.toLowerCase() === 'k') {
      event.preventDefault();
      import('./switcher.js').then(({ openSwitcher }) => openSwitcher());
    } else if (event.altKey && !command && (key === 'ArrowUp' || key === 'ArrowDown')) {
      const link = neighbour(key === 'ArrowDown' ? 1 : -1, event.shiftKey);
      if (!link) return;
      event.preventDefault();
      link.click();
    } else if (key === '?' && !command && !event.altKey && !event.target.matches('input, textarea, select')) {
      event.preventDefault();
      import('./help.js').then(({ openHelp }) => openHelp());
    }
  });
}

// The room above or below in the list; of those with something new alone.
function neighbour(step, unread) {
  const links = [...document.querySelectorAll('#rooms a[data-slug]')];
  const here = links.findIndex((link) => link.hasAttribute('aria-current'));
  const others = [...links.slice(here + 1), ...links.slice(0, Math.max(here, 0))];
  return (step > 0 ? others : others.reverse()).find((link) => !unread || link.matches('.new'));
}
