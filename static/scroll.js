const NEAR = 48; // px from the end that still count as being there
const EARLY = 400; // px from the top at which older messages are fetched

/** Keeps the reader's place in the list: at the end while they are there, else at what they look at. */
export class Scroll {
  atEnd = true;
  #missed = 0;

  /** `onTop()` when the top is near, `onEnd()` when the end is reached. */
  constructor(list, button, { onTop, onEnd }) {
    this.list = list;
    this.button = button;
    this.onTop = onTop;
    this.onEnd = onEnd;
    list.addEventListener('scroll', () => this.#moved(), { passive: true });
    button.addEventListener('click', () => this.toEnd());
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(list);
  }

  /** Changes the list without moving what is being read. */
  hold(change) {
    const anchor = this.atEnd ? null : this.#firstVisible();
    const before = anchor?.getBoundingClientRect().top;
    const result = change();
    if (this.atEnd) this.toEnd();
    else if (anchor?.isConnected) this.list.scrollTop += anchor.getBoundingClientRect().top - before;
    this.checkTop();
    return result;
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.#arrived();
  }

  /** What is looked for lies above: new messages do not lead back to the end. */
  leaveEnd() {
    this.atEnd = false;
  }

  show(article) {
    this.atEnd = false;
    article.scrollIntoView({ block: 'center' });
    article.focus({ preventScroll: true });
  }

  /** So many messages came that the reader does not see. */
  missed(count) {
    this.#missed += count;
    this.#drawButton();
  }

  checkTop() {
    if (this.list.scrollTop < EARLY) this.onTop();
  }

  #moved() {
    const { scrollHeight, scrollTop, clientHeight } = this.list;
    if (scrollHeight - scrollTop - clientHeight < NEAR) {
      this.#arrived();
    } else {
      this.atEnd = false;
      this.#drawButton();
    }
    this.checkTop();
  }

  #arrived() {
    this.atEnd = true;
    this.#missed = 0;
    this.#drawButton();
    this.onEnd();
  }

  #drawButton() {
    const { scrollHeight, scrollTop, clientHeight } = this.list;
    const far = scrollHeight - scrollTop - clientHeight > clientHeight;
    this.button.hidden = this.atEnd || (!this.#missed && !far);
    this.button.classList.toggle('some', this.#missed > 0);
    const text = this.#missed ? `${this.#missed} new message${this.#missed === 1 ? '' : 's'}` : 'To the newest';
    if (this.button.textContent !== text) this.button.textContent = text;
  }

  #firstVisible() {
    const top = this.list.getBoundingClientRect().top;
    for (const article of this.list.querySelectorAll('.msg')) if (article.getBoundingClientRect().bottom > top) return article;
    return null;
  }
}
