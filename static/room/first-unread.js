import { maybe } from '../core/dom.js';
import { t } from '../core/text.js';

/** The button that leads to the first of the messages that were unread at opening, until the line above that has been seen. */
export class FirstUnread {
	#list;
	#button;

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.list
	 * @param {HTMLElement} options.button
	 * @param {number} options.count
	 * @param {() => void} options.seek the line is not in the list yet
	 */
	constructor({ list, button, count, seek }) {
		this.#list = list;
		this.#button = button;
		button.textContent = t('unread.first', { count });
		button.onclick = () => this.arrive() || seek(); // in the place of an earlier one's
		button.hidden = false;
		this.update();
	}

	done() {
		this.#button.hidden = true;
	}

	/** Whether the line is in the list; then it is shown. */
	arrive() {
		const line = this.#line();
		line?.scrollIntoView({ block: 'center' });
		return line !== null;
	}

	update() {
		if (this.#button.hidden) return;
		const line = this.#line();
		if (line && line.getBoundingClientRect().bottom > this.#list.getBoundingClientRect().top) this.done();
	}

	#line() {
		return maybe('.fresh', this.#list);
	}
}
