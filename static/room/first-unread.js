import { $ } from '../core/dom.js';
import { t } from '../core/text.js';

/** The button that leads to the first of the messages that were unread at opening, until the line above that has been seen. */
export class FirstUnread {
  /** `seek()`: the line is not in the list yet. */
  constructor(list, count, seek) {
    this.list = list;
    this.button = $('#unread');
    this.button.textContent = t('unread.first', { count });
    this.button.addEventListener('click', () => this.arrive() ?? seek());
    this.button.hidden = false;
    this.update();
  }

  done() {
    this.button.hidden = true;
  }

  arrive() {
    const line = this.#line();
    line?.scrollIntoView({ block: 'center' });
    return line;
  }

  update() {
    if (this.button.hidden) return;
    const line = this.#line();
    if (line && line.getBoundingClientRect().bottom > this.list.getBoundingClientRect().top) this.done();
  }

  #line() {
    return $('.fresh', this.list);
  }
}
