import { style } from '../core/dom.js';

/** What can be done with messages, loaded when one is first pointed at or given the focus. */
export class LazyActions {
	/** @type {import('./message-actions.js').MessageActions | null} */
	#actions = null;
	/** @type {Promise<import('./message-actions.js').MessageActions | null> | null} */
	#loading = null;
	#room;

	/** @param {import('./room.js').Room} room */
	constructor(room) {
		this.#room = room;
	}

	get areLoaded() {
		return this.#actions !== null;
	}

	/** @param {HTMLElement} list of messages */
	listenTo(list) {
		for (const kind of ['pointerover', 'pointerleave', 'focusin', 'click', 'keydown'])
			list.addEventListener(kind, (event) => this.#use(event));
	}

	/** @param {HTMLElement} article that came into the list */
	added(article) {
		this.#actions?.added(article);
	}

	/** @param {Event} event */
	async #use(event) {
		if (!this.#actions) this.#loading ??= this.#load();
		const actions = this.#actions ?? (await this.#loading);
		actions?.on(event);
	}

	async #load() {
		try {
			const [{ MessageActions }] = await Promise.all([import('./message-actions.js'), style('popups.css')]);
			this.#actions = new MessageActions(this.#room);
		} catch {
			this.#loading = null; // the next event tries again
		}
		return this.#actions;
	}
}
