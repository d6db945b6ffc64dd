import { el } from '../core/dom.js';
import { icon } from '../core/icons.js';
import { t } from '../core/text.js';

const QUICK = ['👍', '❤️', '😂'];
const SHORTCUTS = { e: 'edit', r: 'reply', '+': 'pick', ':': 'pick', m: 'more', ContextMenu: 'more', Delete: 'delete', Backspace: 'delete' };

/**
 * One toolbar for all messages: it goes to the one under the pointer or with the focus. The arrow keys walk
 * through the list, Tab goes from a message into its toolbar.
 */
export class Tools {
  /** `act(name, message, with)` with `react` (and an emoji), `reply`, `edit`, `report`, `delete`, `pick` or `more` (and what to open beside); `find(article)` gives its message; `removes`: other people's too. */
  constructor(list, { me, removes, find, act, leave }) {
    Object.assign(this, { list, me, removes, find, act, leave });
    this.bar = el('div', { class: 'tools', role: 'toolbar', 'aria-label': t('message.tools') },
      ...QUICK.map((emoji) => this.#button('react', t('message.react-with', { emoji }), emoji, emoji)),
      this.#button('reply', t('message.reply'), icon('reply')),
      this.#button('edit', t('message.edit'), icon('edit')),
      this.#button('report', t('message.report'), icon('flag')),
      this.#button('delete', t('message.delete'), icon('bin')),
      this.#button('more', t('message.more'), icon('more')));
  }

  /** Something happened in the list: it was pointed at, clicked, given the focus or a key. */
  on(event) {
    const article = event.target.closest('.msg');
    // A finger "leaves" before its click counts, and would take the button away from under it; a tap focuses instead.
    if (event.type.startsWith('pointer') && event.pointerType !== 'mouse') return;
    if (event.type === 'pointerover') this.#over(article);
    else if (event.type === 'pointerleave') this.#over(null);
    else if (event.type === 'focusin') this.#goTo(article);
    else if (event.type === 'click') this.#click(event);
    else this.#key(event);
  }

  #button(name, label, content, emoji) {
    return el('button', { type: 'button', 'data-act': name, 'data-with': emoji, 'aria-label': label, title: label }, content);
  }

  // A keyboard's place in the bar is not taken away by a pointer that happens to lie elsewhere.
  #over(article) {
    if (!this.bar.querySelector(':focus-visible')) this.#goTo(article);
  }

  #goTo(article) {
    const message = article && this.find(article);
    if (!message || message.deleted) return this.bar.remove();
    const own = message.author.id === this.me.id;
    const offered = { edit: own, report: !own, delete: own || this.removes };
    for (const button of this.bar.children) button.hidden = offered[button.dataset.act] === false;
    if (this.bar.parentElement !== article) article.append(this.bar);
  }

  #click(event) {
    const message = this.find(event.target.closest('.msg'));
    if (!message) return;
    const tool = event.target.closest('[data-act]');
    const react = event.target.closest('.react');
    if (tool) this.act(tool.dataset.act, message, tool.dataset.with ?? tool);
    else if (react) this.act('react', message, react.dataset.emoji);
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const article = event.target.closest('.msg');
    const inBar = this.bar.contains(event.target);
    if (inBar && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) this.#along(event, event.key === 'ArrowRight' ? 1 : -1);
    else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') this.#walk(event, article, event.key === 'ArrowDown');
    else if (event.key === 'Escape' && inBar) article.focus();
    else if (event.key === 'Escape') this.leave();
    else if (event.target === article) this.#shortcut(event, article);
  }

  #shortcut(event, article) {
    const message = this.find(article);
    const what = event.shiftKey && event.key === 'F10' ? 'more' : SHORTCUTS[event.key];
    const own = message?.author.id === this.me.id;
    if (!what || !message || message.deleted || (what === 'edit' && !own) || (what === 'delete' && !own && !this.removes)) return;
    event.preventDefault();
    this.act(what, message, article);
  }

  #along(event, step) {
    const buttons = [...this.bar.querySelectorAll('button:not([hidden])')];
    const at = buttons.indexOf(document.activeElement) + step;
    buttons.at(at % buttons.length).focus();
    event.preventDefault();
  }

  #walk(event, article, down) {
    const all = [...this.list.querySelectorAll('.msg')];
    const at = article ? all.indexOf(article) + (down ? 1 : -1) : down ? all.length : all.length - 1;
    event.preventDefault();
    if (at >= all.length) this.leave();
    else all[Math.max(at, 0)]?.focus();
  }
}
