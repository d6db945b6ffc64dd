import { api } from './api.js';
import { el } from './dom.js';
import { t } from './text.js';

const UNDO_WITHIN = 5_000; // ms
const AGAIN_AFTER = 3_000; // ms, where the server could not be reached

/** One's own messages on their way out: for a while that can be undone, unless the page is left. */
export class Deletions {
  #leaving = new Map(); // id → { article, timer }; no timer while the server is asked

  /** `send(id)` deletes over the socket, `say(text)` tells what went wrong. */
  constructor({ room, send, say }) {
    Object.assign(this, { room, say });
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

  start({ id }, article) {
    if (this.#leaving.has(id)) return;
    const undo = el('button', { type: 'button', class: 'link' }, t('delete.undo'));
    undo.addEventListener('click', () => this.undo(id));
    article.classList.add('leaving');
    article.append(el('p', { class: 'undo', role: 'status' }, `${t('delete.deleted')} `, undo));
    undo.focus({ preventScroll: true });
    this.#leaving.set(id, { article, timer: setTimeout(() => this.#delete(id), UNDO_WITHIN) });
  }

  undo(id) {
    const { article, timer } = this.#leaving.get(id);
    if (!timer) return; // it is on its way
    clearTimeout(timer);
    this.#restore(id);
    article.focus({ preventScroll: true });
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
    const { article } = this.#leaving.get(id);
    this.#leaving.delete(id);
    article.classList.remove('leaving');
    article.querySelector('.undo')?.remove();
  }

  #path(id) {
    return `/rooms/${this.room}/messages/${id}`;
  }
}
