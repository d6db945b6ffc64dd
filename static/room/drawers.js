import { $, maybe } from '../core/dom.js';
import { onKey } from '../core/keyboard.js';

/** @typedef {{ panel: HTMLElement, opener: HTMLElement, media: MediaQueryList }} Drawer */

/**
 * On small windows the rooms and the people are drawers over the talk: one at a time, Escape closes.
 * @param {object} options
 * @param {HTMLElement} options.talk
 * @param {HTMLElement} options.shade what lies between
 * @param {Drawer[]} options.drawers
 */
export function setUpDrawers({ talk, shade, drawers }) {
	/** @type {Drawer | null} */
	let open = null;

	const close = (refocus = true) => {
		if (!open) return;
		const { panel, opener, media } = open;
		open = null;
		panel.classList.remove('open');
		panel.inert = media.matches;
		opener.setAttribute('aria-expanded', 'false');
		talk.inert = false;
		shade.hidden = true;
		if (refocus) opener.focus();
	};

	for (const drawer of drawers) {
		const { panel, opener, media } = drawer;
		const settle = () => {
			if (open === drawer) close(false);
			panel.inert = media.matches; // a closed drawer is out of the Tab order
		};
		settle();
		media.addEventListener('change', settle);
		opener.addEventListener('click', () => {
			close(false);
			open = drawer;
			panel.inert = false;
			panel.classList.add('open');
			opener.setAttribute('aria-expanded', 'true');
			talk.inert = true;
			shade.hidden = false;
			panel.focus();
		});
		$('[data-close]', panel).addEventListener('click', () => close());
	}
	shade.addEventListener('click', () => close());
	onKey(window, (event) => {
		if (event.key === 'Escape' && !maybe('dialog[open]')) close();
	});
}
