import { $, maybe, targetOf } from '../core/dom.js';
import { onKey } from '../core/keyboard.js';

/** @typedef {{ panel: string, opener: string, media: MediaQueryList }} Drawer selectors, and when it is a drawer at all */

/** On small windows the rooms and the people are drawers over the talk: one at a time, Escape closes. */
export class Drawers {
	/** @type {Drawer | null} */
	#open = null;
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
		const { panel, opener, media } = this.#open;
		this.#open = null;
		$(panel).classList.remove('open');
		$(panel).inert = media.matches;
		$(opener).setAttribute('aria-expanded', 'false');
		$('#talk').inert = false;
		$('#shade').hidden = true;
		if (refocus) $(opener).focus();
	}

	/** @param {Drawer} drawer */
	#show(drawer) {
		this.close(false);
		this.#open = drawer;
		const panel = $(drawer.panel);
		panel.inert = false;
		panel.classList.add('open');
		$(drawer.opener).setAttribute('aria-expanded', 'true');
		$('#talk').inert = true;
		$('#shade').hidden = false;
		panel.focus();
	}
}
