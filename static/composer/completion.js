import { api } from '../net/api.js';
import { el, style } from '../core/dom.js';
import { nameOf } from '../people/avatars.js';
import { fitting } from '../core/fuzzy.js';
import { search } from './emoji-picker.js';
import { t } from '../core/text.js';

const MOST = 8;
const TOKEN = /(?:^|[\s(])([@#:])([\p{L}\p{N}._+-]*)$/u;

/** Completes `@people`, `#rooms` and `:emoji` in the text box: arrow keys choose, Enter and Tab take, Escape leaves. */
export class Completion {
  #found = []; // { label, mark, aside, text }
  #at = -1;
  #start = 0; // where the token begins
  #asked = 0;
  #dismissed = null; // the token that Escape was pressed at
  #people = new Map(); // id → who the server has named
  #whole = []; // beginnings of which it has named all

  constructor(text, room) {
    Object.assign(this, { text, room });
    this.list = el('ul', { id: 'completion', class: 'pop completion', role: 'listbox', popover: 'manual', 'aria-label': t('complete.title') });
    text.form.append(this.list);
    text.setAttribute('aria-autocomplete', 'list');
    text.setAttribute('aria-controls', 'completion');
    // Before the text box's own meaning of Enter and of the arrow keys.
    text.addEventListener('keydown', (event) => this.#key(event), true);
    text.addEventListener('blur', () => this.#close());
    this.list.addEventListener('pointerdown', (event) => {
      event.preventDefault(); // the text box keeps the focus
      const item = event.target.closest('li');
      if (item) this.#take([...this.list.children].indexOf(item));
    });
  }

  async update() {
    const { value, selectionStart, selectionEnd } = this.text;
    const before = value.slice(0, selectionStart);
    const [, sign, word] = (selectionStart === selectionEnd && !inCode(before) && before.match(TOKEN)) || [];
    if (!sign || before === this.#dismissed || (sign === ':' && word.length < 2)) return this.#close();
    this.#asked += 1;
    const asked = this.#asked;
    await style('popups.css');
    for await (const found of this.#search(sign, word.toLowerCase())) {
      if (asked !== this.#asked || this.text.value !== value) return;
      this.#start = selectionStart - word.length - 1;
      this.#show(found);
    }
  }

  // Who is known comes first: nobody takes what fitted less of the word while the server is asked.
  async *#search(sign, word) {
    if (sign === '@') {
      yield best(this.#members(), word);
      await this.#ask(word);
      const groups = ['here', 'room'].map((name) => ({ mark: '@', label: name, aside: t(`complete.${name}`), text: `@${name} ` }));
      yield best([...this.#members(), ...groups], word);
    } else yield sign === ':' ? this.#emoji(word) : this.#rooms(word);
  }

  async #emoji(word) {
    return (await search(word, MOST)).map(([emoji, name, code]) => ({ mark: emoji, label: code ? `:${code}:` : name, aside: '', text: emoji }));
  }

  #rooms(word) {
    const links = [...document.querySelectorAll('#rooms a[data-slug]:not([data-kind=direct])')];
    return best(links.map(({ title, dataset: { slug } }) => ({ mark: '#', label: slug, aside: title === slug ? '' : title, text: `#${slug} ` })), word);
  }

  #members() {
    return [...this.#people.values()].map((user) => ({ mark: '@', label: user.username, aside: nameOf(user), text: `@${user.username} ` }));
  }

  // Has the server name members whose names begin so. Who has come in since is found from the next `@` on.
  async #ask(word) {
    if (!word) this.#whole = [];
    if (this.#whole.some((each) => word.startsWith(each))) return;
    const { members } = await api('GET', `/rooms/${this.room}/members?q=${encodeURIComponent(word)}&limit=${MOST}`).catch(() => ({ members: null }));
    for (const { user } of members ?? []) this.#people.set(user.id, user);
    if (members?.length < MOST) this.#whole.push(word);
  }

  #show(found) {
    const chosen = this.#at > 0 ? this.#found[this.#at].text : null;
    this.#found = found;
    if (!found.length) return this.#hide();
    this.list.replaceChildren(...found.map(({ mark, label, aside }, index) => el('li', { role: 'option', id: `completion-${index}` },
      el('i', { 'aria-hidden': 'true' }, mark), el('b', { dir: 'auto' }, label), el('small', { dir: 'auto' }, aside === label ? '' : aside))));
    if (!this.list.matches(':popover-open')) this.list.showPopover();
    const box = this.text.closest('.box').getBoundingClientRect();
    Object.assign(this.list.style, { left: `${box.left}px`, width: `${Math.min(box.width, 440)}px`, bottom: `${innerHeight - box.top + 6}px` });
    this.#choose(Math.max(0, found.findIndex(({ text }) => text === chosen)));
  }

  #choose(at) {
    this.#at = (at + this.#found.length) % this.#found.length;
    [...this.list.children].forEach((item, index) => item.setAttribute('aria-selected', String(index === this.#at)));
    this.list.children[this.#at].scrollIntoView({ block: 'nearest' });
    this.text.setAttribute('aria-activedescendant', `completion-${this.#at}`);
  }

  #key(event) {
    if (this.#at < 0 || event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) this.#choose(this.#at + steps[event.key]);
    else if (event.key === 'Enter' || event.key === 'Tab') this.#take(this.#at);
    else if (event.key === 'Escape') {
      this.#dismissed = this.text.value.slice(0, this.text.selectionStart);
      this.#close();
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  #take(at) {
    const { text } = this.#found[at];
    const end = this.text.selectionStart;
    this.text.setSelectionRange(this.#start, end);
    this.#close();
    if (!document.execCommand('insertText', false, text)) {
      this.text.setRangeText(text, this.#start, end, 'end');
      this.text.dispatchEvent(new Event('input', { bubbles: true }));
    }
  }

  #close() {
    this.#asked += 1;
    this.#hide();
  }

  #hide() {
    this.#at = -1;
    this.text.removeAttribute('aria-activedescendant');
    if (this.list.matches(':popover-open')) this.list.hidePopover();
  }
}

// An odd number of fences or of backquotes is open.
function inCode(before) {
  const fences = before.split('```').length - 1;
  const line = before.slice(before.lastIndexOf('\n') + 1).replaceAll('```', '');
  return fences % 2 === 1 || (line.split('`').length - 1) % 2 === 1;
}

const best = (all, word) => fitting(word, all, ({ label, aside }) => [label, aside], 3).slice(0, MOST);
