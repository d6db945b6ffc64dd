import { api } from '../net/api.js';
import { el } from '../core/dom.js';
import { t } from '../core/text.js';

const UNDO_WITHIN = 5_000; // ms
const AGAIN_AFTER = 3_000; // ms, where the server could not be reached

/** One's own messages on their way out: for a while that can be undone, unless the page is left. */
export class Deletions {
  #leaving = new Map(); // id → { timer }; none while the server is asked

  /** `send(id)` deletes over the socket, `say(text)` tells what went wrong, `find(id)` gives the message's article, where it is in the list. */
  constructor({ room, send, say, find }) {
    Object.assign(this, { room, say, find });
    // Either may be lost with the page: a request that a service worker has seen waits for the page, which is frozen.
    addEventListener('pagehide', () => {
      for (const id of this.#leaving.keys()) send(id) || fetch(`/api/v1${this.#path(id)}`, { method: 'DELETE', keepalive: true }).catch(() => {});
    });
    document.addEventListener('keydown', (event) => {
      if (event.key.toLowerCase() !== 'z' || !(event.ctrlKey || event.metaKey) || event.target.matches('input, textarea')) return;
      const last = [...this.#leaving.keys()].at(-1);
      if (last === undefined) return;
      event.preventDefault(); // or the browser undoes in the text box, too
      this.undo(last);
    });
  }

  start({ id }) {
    if (this.#leaving.has(id)) return;
    this.#leaving.set(id, { timer: setTimeout(() => this.#delete(id), UNDO_WITHIN) });
    this.redraw(this.find(id))?.focus({ preventScroll: true });
  }

  /** An article that is new in the list may be of a message on its way out. */
  redraw(article) {
    const id = Number(article.dataset.id);
    if (!this.#leaving.has(id)) return null;
    const undo = el('button', { type: 'button', class: 'link' }, t('delete.undo'));
    undo.addEventListener('click', () => this.undo(id));
    article.classList.add('leaving');
    article.append(el('p', { class: 'undo', role: 'status' }, `${t('delete.deleted')} `, undo));
    return undo;
  }

  undo(id) {
    const { timer } = this.#leaving.get(id);
    if (!timer) return; // it is on its way
    clearTimeout(timer);
    this.#restore(id);
    this.find(id)?.focus({ preventScroll: true });
  }

  async #delete(id) {
    const entry = this.#leaving.get(id);
    entry.timer = null;
    try {
      await api('DELETE', this.#path(id));
      this.#leaving.delete(id); // it is drawn as deleted once that is heard
    } catch (error) {
      if (error.status === 0 || error.status >= 500 || error.status === 429) {
        entry.timer = setTimeout(() => this.#delete(id), error.retryAfter || AGAIN_AFTER);
      } else {
        this.#restore(id);
        this.say(error.message);
      }
    }
  }

  #restore(id) {
    this.#leaving.delete(id);
    const article = this.find(id);
    article?.classList.remove('leaving');
    article?.querySelector('.undo')?.remove();
  }

  #path(id) {
    return `/rooms/${this.room}/messages/${id}`;
  }
}
