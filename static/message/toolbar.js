import { all, el, targetOf } from '../core/dom.js';
import { icon } from '../core/icons.js';
import { isComposing, keyOf } from '../core/keyboard.js';
import { t } from '../core/text.js';
import { focusedAt } from '../core/widget.js';

/** @typedef {'react' | 'reply' | 'edit' | 'report' | 'delete' | 'pick' | 'more' | 'unread'} Action */
/**
 * Does something with a message; `what` is the emoji to react with, or else what to open a menu beside.
 * @typedef {(action: Action, message: Wire.Message, what?: string | HTMLElement) => void} Act
 */

const QUICK = ['👍', '❤️', '😂'];
/** @type {Record<string, Action>} */
const SHORTCUTS = {
	e: 'edit',
	r: 'reply',
	'+': 'pick',
	':': 'pick',
	m: 'more',
	contextmenu: 'more',
	delete: 'delete',
	backspace: 'delete',
};

/**
 * One toolbar for all messages of a list: it goes to the one under the pointer or with the focus. The arrow keys walk
 * through the list, Tab goes from a message into its toolbar.
 */
export class MessageToolbar {
	#list;
	#me;
	#removes;
	#find;
	#act;
	#leave;
	#bar;
	#byKeys = false; // it was gone to by keyboard last

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.list
	 * @param {Wire.User} options.me
	 * @param {boolean} options.removes whether they may remove other people's messages
	 * @param {(article: HTMLElement | null) => Wire.Message | undefined} options.find the message of an article
	 * @param {Act} options.act
	 * @param {() => void} options.leave
	 */
	constructor({ list, me, removes, find, act, leave }) {
		this.#list = list;
		this.#me = me;
		this.#removes = removes;
		this.#find = find;
		this.#act = act;
		this.#leave = leave;
		this.#bar = el(
			'div',
			{ class: 'tools', role: 'toolbar', 'aria-label': t('message.tools') },
			...QUICK.map((emoji) => this.#button('react', t('message.react-with', { emoji }), emoji, emoji)),
			this.#button('reply', t('message.reply'), icon('reply')),
			this.#button('edit', t('message.edit'), icon('edit')),
			this.#button('report', t('message.report'), icon('flag')),
			this.#button('delete', t('message.delete'), icon('bin')),
			this.#button('more', t('message.more'), icon('more')),
		);
	}

	/**
	 * Something happened in the list: it was pointed at, clicked, given the focus or a key.
	 * @param {Event} event
	 */
	on(event) {
		const article = targetOf(event, '.msg');
		// A finger "leaves" before its click counts, and would take the button away from under it; a tap focuses instead.
		const isPointer = event.type.startsWith('pointer');
		if (event instanceof KeyboardEvent) this.#byKeys = true;
		else if (event.type === 'click' && event instanceof MouseEvent && event.detail > 0) this.#byKeys = false;
		if (isPointer && event instanceof PointerEvent && event.pointerType !== 'mouse') return;
		if (event.type === 'pointerover') this.#over(article);
		else if (event.type === 'pointerleave') this.#over(null);
		else if (event.type === 'focusin') this.#goTo(article);
		else if (event.type === 'click') this.#click(event);
		else if (event instanceof KeyboardEvent && !isComposing(event)) this.#key(event);
	}

	/**
	 * @param {Action} name
	 * @param {string} label
	 * @param {Node | string} content
	 * @param {string} [emoji]
	 */
	#button(name, label, content, emoji) {
		const attributes = { type: 'button', 'data-act': name, 'data-with': emoji, 'aria-label': label, title: label };
		return el('button', attributes, content);
	}

	/**
	 * A keyboard's place in the bar is not taken away by a pointer that happens to lie elsewhere.
	 * @param {HTMLElement | null} article
	 */
	#over(article) {
		if (!this.#byKeys || !this.#bar.querySelector(':focus-visible')) this.#goTo(article);
	}

	/** @param {HTMLElement | null} article */
	#goTo(article) {
		const message = article && this.#find(article);
		if (!message || message.deleted) {
			this.#bar.remove();
			return;
		}
		const own = message.author.id === this.#me.id;
		/** @type {Record<string, boolean>} */
		const offered = { edit: own, report: !own, delete: own || this.#removes };
		for (const button of all('button', this.#bar)) button.hidden = offered[button.dataset.act ?? ''] === false;
		if (this.#bar.parentElement !== article) article.append(this.#bar);
	}

	/** @param {Event} event */
	#click(event) {
		const message = this.#find(targetOf(event, '.msg'));
		if (!message) return;
		const tool = targetOf(event, '[data-act]');
		const react = targetOf(event, '.react');
		if (tool) this.#act(/** @type {Action} */ (tool.dataset.act), message, tool.dataset.with ?? tool);
		else if (react) this.#act('react', message, react.dataset.emoji);
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		const article = targetOf(event, '.msg');
		const inBar = event.target instanceof Node && this.#bar.contains(event.target);
		if (inBar && (event.key === 'ArrowLeft' || event.key === 'ArrowRight'))
			this.#along(event, event.key === 'ArrowRight' ? 1 : -1);
		else if (event.key === 'ArrowUp' || event.key === 'ArrowDown')
			this.#walk(event, article, event.key === 'ArrowDown');
		else if (event.key === 'Escape' && inBar) article?.focus();
		else if (event.key === 'Escape') this.#leave();
		else if (article && event.target === article) this.#shortcut(event, article);
	}

	/**
	 * @param {KeyboardEvent} event
	 * @param {HTMLElement} article
	 */
	#shortcut(event, article) {
		const message = this.#find(article);
		const action = event.shiftKey && event.key === 'F10' ? 'more' : SHORTCUTS[keyOf(event)];
		if (!action || !message || message.deleted) return;
		const own = message.author.id === this.#me.id;
		if ((action === 'edit' && !own) || (action === 'delete' && !own && !this.#removes)) return;
		event.preventDefault();
		this.#act(action, message, article);
	}

	/**
	 * @param {KeyboardEvent} event
	 * @param {1 | -1} step
	 */
	#along(event, step) {
		const buttons = all('button:not([hidden])', this.#bar);
		const at = focusedAt(buttons) + step;
		buttons.at(at % buttons.length)?.focus();
		event.preventDefault();
	}

	/**
	 * @param {KeyboardEvent} event
	 * @param {HTMLElement | null} article
	 * @param {boolean} down
	 */
	#walk(event, article, down) {
		const articles = all('.msg', this.#list);
		const end = down ? articles.length : articles.length - 1;
		const at = article ? articles.indexOf(article) + (down ? 1 : -1) : end;
		event.preventDefault();
		if (at >= articles.length) this.#leave();
		else articles[Math.max(at, 0)]?.focus();
	}
}
