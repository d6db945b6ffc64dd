import { part } from '../core/dom.js';
import { t } from '../core/text.js';
import { HistoryPager } from './history-pager.js';

/** @import { Place } from './history-pager.js' */

/** What part of a room the reader looks at: its end, a message, a day, the first that was unread. */
export class Places {
	/** @type {import('./first-unread.js').FirstUnread | null} */
	#firstUnread = null; // where something was unread at opening
	#room;
	#list;
	#scroll;
	#root;

	/**
	 * @param {object} options
	 * @param {import('./room.js').Room} options.room
	 * @param {import('./scroll.js').Scroll} options.scroll
	 * @param {HTMLElement} options.root
	 */
	constructor({ room, scroll, root }) {
		this.#room = room;
		this.#list = room.list;
		this.#scroll = scroll;
		this.#root = root;
		this.pager = new HistoryPager({
			list: room.list,
			scroll,
			send: (place) => room.send({ type: 'history', room: room.slug, ...place }),
		});
	}

	/** The list was scrolled. */
	moved() {
		this.pager.fill();
		this.#firstUnread?.update();
	}

	/** What was unread is of no interest any more. */
	leaveUnread() {
		this.#firstUnread?.done();
	}

	toNewest() {
		if (!this.#list.newer && !this.pager.isJumping) return this.#scroll.toEnd();
		this.pager.jump({}, () => this.#scroll.toEnd());
		if (!this.#room.joined) this.#scroll.toBottom();
	}

	/**
	 * The first message of a day.
	 * @param {Date} date
	 */
	toDay(date) {
		this.#jump({ since: date.toISOString() }, () => {
			const article = this.#list.since(date);
			if (article) this.#scroll.show(article, 'start');
		});
	}

	/**
	 * A message, if need be after what lies around it has been loaded.
	 * @param {number} id
	 */
	seek(id) {
		if (this.#list.article(id)) this.arrive(id);
		else this.#jump({ around: id }, () => this.arrive(id));
	}

	/** @param {number} id of a message that should be in the list by now */
	arrive(id) {
		const article = this.#list.article(id);
		if (article) this.#scroll.show(article);
		else this.#room.say(t('seek.none'));
	}

	/**
	 * Offers the way to the first of so many unread messages.
	 * @param {number} count
	 * @param {number} read
	 */
	async offerUnread(count, read) {
		const { FirstUnread } = await import('./first-unread.js');
		this.#firstUnread = new FirstUnread({
			list: this.#list.root,
			button: part('first-unread', this.#root),
			count,
			seek: () => this.#jump({ around: read + 1 }, () => this.#firstUnread?.arrive()),
		});
	}

	/**
	 * @param {Place} place
	 * @param {() => void} arrive
	 */
	#jump(place, arrive) {
		if (this.#room.joined) this.pager.jump(place, arrive);
		else this.#room.say(t('offline.now'));
	}
}
