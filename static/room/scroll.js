import { all, maybe } from '../core/dom.js';
import { t } from '../core/text.js';

const NEAR = 48; // px from the end that still count as being there
const EARLY = 600; // px from the edge at which further messages are fetched

/** @param {Element} element */
const sizeOf = ({ clientWidth, clientHeight }) => `${clientWidth} ${clientHeight}`;

/** Keeps the reader's place in a list: at the end while they are there, else at what they look at. */
export class Scroll {
	atEnd = true;
	#missed = 0;
	#size = '';
	/** @type {{ article: HTMLElement, top: number } | null} */
	#place = null; // while the list is not shown: what the reader looked at, where that was not the end
	#list;
	#button;
	#isWhole;
	#onMove;
	#onEnd;

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.list
	 * @param {HTMLElement} options.button leads to the newest
	 * @param {() => boolean} options.isWhole whether the list reaches to the room's end
	 * @param {() => void} options.onMove
	 * @param {() => void} options.onEnd the end was reached
	 * @param {() => void} options.toNewest
	 */
	constructor({ list, button, isWhole, onMove, onEnd, toNewest }) {
		this.#list = list;
		this.#button = button;
		this.#isWhole = isWhole;
		this.#onMove = onMove;
		this.#onEnd = onEnd;
		list.addEventListener('scroll', () => this.#moved(), { passive: true });
		button.addEventListener('click', toNewest);
		new ResizeObserver(() => {
			this.#size = sizeOf(list);
			if (this.atEnd) this.toEnd();
		}).observe(list);
	}

	// A list that is not shown is near nothing.
	get nearTop() {
		return this.#list.isConnected && this.#list.scrollTop < EARLY;
	}

	get nearBottom() {
		return this.#list.isConnected && this.#below() < EARLY;
	}

	/** The list is about to be taken off the page. */
	leave() {
		const article = this.atEnd ? null : this.first();
		this.#place = article ? { article, top: this.#topOf(article) } : null;
	}

	/** It is shown again, where it was. */
	comeBack() {
		const place = this.#place;
		this.#place = null;
		if (this.atEnd) return this.toEnd();
		const article = place && this.#same(place.article);
		if (article) this.#list.scrollTop += this.#topOf(article) - place.top;
		else this.toBottom();
	}

	/**
	 * Changes the list without moving what is being read: the end of the first message that is seen, given to the change,
	 * stays where it is.
	 * @param {(anchor: HTMLElement | null) => void} change
	 */
	hold(change) {
		const anchor = this.atEnd ? null : (this.first() ?? null);
		const before = anchor?.getBoundingClientRect().bottom ?? 0;
		change(anchor);
		if (this.atEnd) this.toEnd();
		else if (anchor) {
			const same = this.#same(anchor);
			if (same) this.#list.scrollTop += same.getBoundingClientRect().bottom - before;
		}
	}

	toEnd() {
		this.#list.scrollTop = this.#list.scrollHeight;
		this.#arrived();
	}

	/** As far down as there is something, which need not be the room's end. */
	toBottom() {
		this.#list.scrollTop = this.#list.scrollHeight;
	}

	/** What is looked for lies elsewhere: new messages do not lead back to the end. */
	leaveEnd() {
		this.atEnd = false;
		this.#place = null;
	}

	/**
	 * @param {HTMLElement} article
	 * @param {ScrollLogicalPosition} [block]
	 */
	show(article, block = 'center') {
		this.atEnd = false;
		maybe('.sought', this.#list)?.classList.remove('sought');
		article.classList.add('sought');
		article.tabIndex = -1; // one that came with the page has none
		article.scrollIntoView({ block });
		article.focus({ preventScroll: true });
	}

	/** @param {number} count of messages that came and that the reader does not see */
	missed(count) {
		this.#missed += count;
		this.#drawButton();
	}

	/**
	 * The first message that is seen.
	 * @returns {HTMLElement | undefined}
	 */
	first() {
		if (this.#place) return this.#place.article;
		const { top } = this.#list.getBoundingClientRect();
		return all('.msg', this.#list).find((article) => article.getBoundingClientRect().bottom > top);
	}

	/**
	 * The article, or the one that has taken its place.
	 * @param {HTMLElement} article
	 */
	#same(article) {
		if (this.#list.contains(article)) return article;
		return article.id ? maybe(`#${article.id}`, this.#list) : null;
	}

	/** @param {HTMLElement} article */
	#topOf(article) {
		return article.getBoundingClientRect().top - this.#list.getBoundingClientRect().top;
	}

	#below() {
		const { scrollHeight, scrollTop, clientHeight } = this.#list;
		return scrollHeight - scrollTop - clientHeight;
	}

	#moved() {
		// A window that is made smaller moves what is in it, and is heard of first by this event: the reader is where they were.
		if (this.atEnd && this.#size !== sizeOf(this.#list)) return;
		if (this.#isWhole() && this.#below() < NEAR) {
			this.#arrived();
		} else {
			this.atEnd = false;
			this.#drawButton();
		}
		this.#onMove();
	}

	#arrived() {
		this.atEnd = true;
		this.#missed = 0;
		this.#drawButton();
		this.#onEnd();
	}

	#drawButton() {
		const button = this.#button;
		const isNear = this.#isWhole() && this.#below() <= this.#list.clientHeight;
		button.hidden = this.atEnd || (!this.#missed && isNear);
		button.classList.toggle('some', this.#missed > 0);
		const text = this.#missed ? t('jump.new', { count: this.#missed }) : t('jump.newest');
		if (button.textContent !== text) button.textContent = text;
	}
}
