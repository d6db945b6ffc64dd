import { el } from '../core/dom.js';
import { commandOf, onKey } from '../core/keyboard.js';
import { t } from '../core/text.js';
import { ApiError, api, textOf } from '../net/api.js';

const UNDO_WITHIN = 5_000; // ms
const AGAIN_AFTER = 3_000; // ms, where the server could not be reached

/** One's own messages on their way out: for a while that can be undone, unless the page is left. */
export class Deletions {
	/** @type {Map<number, number | null>} */
	#leaving = new Map(); // id → timer; none while the server is asked
	#room;
	#say;
	#find;

	/**
	 * @param {object} options
	 * @param {{ slug: string, id: number }} options.room
	 * @param {(id: number) => boolean} options.send deletes over the socket
	 * @param {(text: string) => void} options.say tells what went wrong
	 * @param {(id: number) => HTMLElement | undefined} options.find the message's article, where it is in the list
	 * @param {() => boolean} options.isShown whether the room is
	 * @param {AbortSignal} options.signal the room is closed
	 */
	constructor({ room, send, say, find, isShown, signal }) {
		this.#room = room;
		this.#say = say;
		this.#find = find;
		// Either may be lost with the page: a request that a service worker has seen waits for the page, which is frozen.
		const finish = () => {
			for (const id of this.#leaving.keys())
				if (!send(id)) fetch(`/api/v1${this.#path(id)}`, { method: 'DELETE', keepalive: true }).catch(() => {});
		};
		addEventListener('pagehide', finish, { signal });
		signal.addEventListener('abort', () => {
			finish();
			for (const timer of this.#leaving.values()) if (timer) clearTimeout(timer);
		});
		const undoLast = (/** @type {KeyboardEvent} */ event) => {
			if (commandOf(event) !== 'z' || !isShown()) return;
			if (event.target instanceof Element && event.target.matches('input, textarea')) return;
			const last = [...this.#leaving.keys()].at(-1);
			if (last === undefined) return;
			event.preventDefault(); // or the browser undoes in the text box, too
			this.undo(last);
		};
		onKey(document, undoLast, { signal });
	}

	/** @param {Wire.Message} message */
	start({ id }) {
		if (this.#leaving.has(id)) return;
		this.#leaving.set(
			id,
			setTimeout(() => this.#delete(id), UNDO_WITHIN),
		);
		const article = this.#find(id);
		if (article) this.redraw(article)?.focus({ preventScroll: true });
	}

	/**
	 * An article that is new in the list may be of a message on its way out.
	 * @param {HTMLElement} article
	 */
	redraw(article) {
		const id = Number(article.dataset.id);
		if (!this.#leaving.has(id)) return null;
		const undo = el('button', { type: 'button', class: 'link' }, t('delete.undo'));
		undo.addEventListener('click', () => this.undo(id));
		article.classList.add('leaving');
		article.append(el('p', { class: 'undo', role: 'status' }, `${t('delete.deleted')} `, undo));
		return undo;
	}

	/** @param {number} id */
	undo(id) {
		const timer = this.#leaving.get(id);
		if (!timer) return; // it is on its way
		clearTimeout(timer);
		this.#restore(id);
		this.#find(id)?.focus({ preventScroll: true });
	}

	/** @param {number} id */
	async #delete(id) {
		this.#leaving.set(id, null);
		try {
			await api('DELETE', this.#path(id));
			this.#leaving.delete(id); // it is drawn as deleted once that is heard
		} catch (error) {
			if (error instanceof ApiError && (error.status === 0 || error.status >= 500 || error.status === 429)) {
				const wait = error.retryAfter || AGAIN_AFTER;
				this.#leaving.set(
					id,
					setTimeout(() => this.#delete(id), wait),
				);
			} else {
				this.#restore(id);
				this.#say(textOf(error));
			}
		}
	}

	/** @param {number} id */
	#restore(id) {
		this.#leaving.delete(id);
		const article = this.#find(id);
		article?.classList.remove('leaving');
		article?.querySelector('.undo')?.remove();
	}

	/** @param {number} id */
	#path(id) {
		return `/rooms/${this.#room.slug}/messages/${id}?room_id=${this.#room.id}`;
	}
}
