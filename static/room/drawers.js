import { $, maybe, targetOf } from '../core/dom.js';
import { onKey } from '../core/keyboard.js';

/** @typedef {{ panel: string, opener: string, media: MediaQueryList }} Drawer selectors, and when it is a drawer at all */

/** On small windows the rooms and the people are drawers over the talk: one at a time, Escape closes. */
export class Drawers {
	/** @type {{ panel: HTMLElement, opener: HTMLElement, talk: HTMLElement, media: MediaQueryList } | null} */
	#open = null; // with the elements that were there: another room may have come into the page since
	#drawers;

	/** @param {Drawer[]} drawers */
	constructor(drawers) {
		this.#drawers = drawers;
		for (const { media } of drawers) media.addEventListener('change', () => this.settle());
		addEventListener('click', (event) => {
			const drawer = drawers.find(({ opener }) => targetOf(event, opener));
			if (drawer) this.#show(drawer);
			else if (targetOf(event, '[data-close], #shade')) this.close();
		});
		onKey(window, (event) => {
			if (event.key === 'Escape' && !maybe('dialog[open]')) this.close();
		});
		this.settle();
	}

	/** None is open, and a closed one is out of the Tab order: also after another room was put into the page. */
	settle() {
		this.close(false);
		for (const { panel, media } of this.#drawers) $(panel).inert = media.matches;
	}

	close(refocus = true) {
		if (!this.#open) return;
		const { panel, opener, talk, media } = this.#open;
		this.#open = null;
		panel.classList.remove('open');
		panel.inert = media.matches;
		opener.setAttribute('aria-expanded', 'false');
		talk.inert = false;
		$('#shade').hidden = true;
		if (refocus) opener.focus();
	}

	/** @param {Drawer} drawer */
	#show(drawer) {
		this.close(false);
		const [panel, opener, talk] = [$(drawer.panel), $(drawer.opener), $('#talk')];
		this.#open = { panel, opener, talk, media: drawer.media };
		panel.inert = false;
		panel.classList.add('open');
		opener.setAttribute('aria-expanded', 'true');
		talk.inert = true;
		$('#shade').hidden = false;
		panel.focus();
	}
}
