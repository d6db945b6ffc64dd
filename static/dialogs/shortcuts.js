import { all } from '../core/dom.js';
import { COMMAND, commandOf, onKey } from '../core/keyboard.js';

/**
 * Keys that mean the same wherever the focus is. What they open is loaded by the first press.
 * @param {import('../room/room-list.js').RoomList} rooms
 */
export function listenForShortcuts(rooms) {
	for (const shown of all('#switch kbd')) shown.textContent = `${COMMAND} K`;
	onKey(window, async (event) => {
		if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
		const { key } = event;
		const command = event.ctrlKey || event.metaKey;
		if (commandOf(event) === 'k') {
			event.preventDefault();
			(await import('./switcher.js')).openSwitcher(rooms);
		} else if (event.altKey && !command && (key === 'ArrowUp' || key === 'ArrowDown')) {
			const link = rooms.neighbour(key === 'ArrowDown' ? 1 : -1, event.shiftKey);
			if (!link) return;
			event.preventDefault();
			link.click();
		} else if (key === '?' && !command && !event.altKey) {
			if (event.target instanceof Element && event.target.matches('input, textarea, select')) return;
			event.preventDefault();
			(await import('./help.js')).openHelp();
		}
	});
}
