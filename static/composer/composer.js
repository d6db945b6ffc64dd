import { $, setText } from '../core/dom.js';
import { nameOf } from '../people/avatars.js';
import { t } from '../core/text.js';

const TYPING_EVERY = 3_000; // ms
const COUNT_FROM = 200; // characters left from which the counter shows
const GROWS_ALONE = CSS.supports('field-sizing', 'content');

// With Ctrl or Cmd; the digits with Shift, wherever a keyboard has what stands on them.
const FORMS = { KeyB: 'bold', KeyI: 'italic', KeyE: 'code' };
const SHIFTED_FORMS = { KeyK: 'link', Digit9: 'quote', Digit8: 'list', Enter: 'preview' };
const TOKEN_ENDS = /(?:^|[\s(])[@#:][^\s]*$/; // something may be completed
const TOOLBAR = 'klatch:toolbar';

/** Length as the server counts: Unicode scalar values after trimming. */
const lengthOf = (text) => [...text.trim()].length;

/** The text box: what is being written, for which purpose (a new message, a reply, an edit), and its draft. */
export class Composer {
  limit = 4_000;
  #mode = null; // { kind: reply | edit, message, unsaved? }
  #unsaved = []; // edits that came back while a reply or another edit was being written
  #typed = 0;
  #disabled = false;

  /** `post(body, replyTo)`, `edit(message, body)` (false when it could not go out), `typing()`, `lastOwn()`. */
  constructor({ room, store, post, edit, typing, lastOwn }) {
    Object.assign(this, { room, store, post, edit, typing, lastOwn });
    this.form = $('#composer');
    this.text = $('#message');
    this.button = $('#send');
    this.modeLine = $('#mode');
    this.text.value ||= this.#draft();
    this.text.addEventListener('input', () => this.#typedIn());
    this.text.addEventListener('keydown', (event) => this.#key(event));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    $('button', this.modeLine).addEventListener('click', () => this.cancel());
    $('#format').addEventListener('click', () => this.#toggleToolbar());
    if (localStorage.getItem(TOOLBAR)) this.#toggleToolbar();
    this.#draw();
  }

  focus() {
    $('#preview')?.remove();
    this.text.hidden = false;
    this.text.focus();
  }

  startReply(message) {
    this.#leaveMode();
    this.#enter({ kind: 'reply', message }, t('composer.reply', { name: nameOf(message.author) }));
  }

  startEdit(message, unsaved = false) {
    this.#enter({ kind: 'edit', message, unsaved }, t('composer.edit'));
    this.text.value = message.body;
    this.text.setSelectionRange(message.body.length, message.body.length);
    this.#draw();
  }

  /** An edit that went out and was not saved, with its new body: it is shown again, after what is being written. */
  putBack(message) {
    if (this.#mode) this.#unsaved.push(message);
    else this.startEdit(message, true);
  }

  /** Drops edits that were put back where `isSaved(message)`: only the answer had been lost. */
  settle(isSaved) {
    this.#unsaved = this.#unsaved.filter((message) => !isSaved(message));
    const { message, unsaved } = this.#mode ?? {};
    if (unsaved && this.text.value === message.body && isSaved(message)) this.cancel();
  }

  /** Leaves a reply or an edit; the draft from before an edit comes back. */
  cancel() {
    this.#leaveMode();
    this.#draw();
    this.#goOn();
  }

  disable(why) {
    this.#disabled = true;
    this.text.disabled = true;
    this.text.placeholder = why;
    this.#draw();
  }

  #leaveMode() {
    if (this.#mode?.kind === 'edit') this.text.value = this.#draft();
    this.#mode = null;
    this.modeLine.hidden = true;
  }

  #enter(mode, label) {
    this.#mode = mode;
    setText($('span', this.modeLine), label);
    this.modeLine.hidden = false;
    this.#draw();
    this.focus();
  }

  #key(event) {
    // While an input method composes, Enter picks a candidate (229 is how Safari tells).
    if (event.isComposing || event.keyCode === 229) return;
    const form = (event.ctrlKey || event.metaKey) && !event.altKey && (event.shiftKey ? SHIFTED_FORMS : FORMS)[event.key === 'Enter' ? 'Enter' : event.code];
    if (form) {
      event.preventDefault();
      import('./formatting.js').then(({ format }) => format(this.text, form));
      return;
    }
    if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'Escape' && this.#mode) {
      event.preventDefault();
      this.cancel();
    } else if (event.key === 'ArrowUp' && !this.#mode && this.text.value === '') {
      const message = this.lastOwn();
      if (!message) return;
      event.preventDefault();
      this.startEdit(message);
    }
  }

  #submit() {
    // A half of a surrogate pair or a NUL would make a frame that the server can't read.
    const body = (this.text.value.toWellFormed?.() ?? this.text.value).replaceAll('\0', '').trim();
    if (this.button.disabled || !body) return;
    if (this.#mode?.kind === 'edit') {
      const { message } = this.#mode;
      if (!this.edit(message, body)) return;
      this.cancel();
      return;
    }
    const replyTo = this.#mode?.message.id ?? null;
    this.#leaveMode();
    this.text.value = '';
    this.#typed = 0;
    this.#typedIn();
    this.post(body, replyTo);
    this.#goOn();
  }

  #goOn() {
    if (this.#unsaved.length) this.startEdit(this.#unsaved.shift(), true);
    else this.focus();
  }

  #typedIn() {
    if (this.#mode?.kind !== 'edit') {
      this.#keep(this.text.value);
      if (this.text.value.trim() && Date.now() - this.#typed >= TYPING_EVERY) {
        this.#typed = Date.now();
        this.typing();
      }
    }
    this.#complete();
    this.#draw();
  }

  async #complete() {
    if (!this.completion && !TOKEN_ENDS.test(this.text.value.slice(0, this.text.selectionStart))) return;
    this.completion ??= import('./completion.js').then(({ Completion }) => new Completion(this.text, this.room));
    (await this.completion).update();
  }

  async #toggleToolbar() {
    const button = $('#format');
    const shown = this.form.querySelector('[role=toolbar]');
    button.setAttribute('aria-pressed', String(!shown));
    if (shown) {
      shown.remove();
      localStorage.removeItem(TOOLBAR);
    } else {
      localStorage.setItem(TOOLBAR, 'on');
      const { toolbar } = await import('./formatting.js');
      this.text.before(await toolbar(this.text));
    }
  }

  #draw() {
    const left = this.limit - lengthOf(this.text.value);
    this.button.disabled = this.#disabled || left < 0 || left === this.limit;
    this.button.setAttribute('aria-label', t(this.#mode?.kind === 'edit' ? 'composer.save' : 'composer.send'));
    const counter = $('#counter');
    counter.hidden = left > COUNT_FROM;
    counter.classList.toggle('over', left < 0);
    setText(counter, counter.hidden ? '' : t(left < 0 ? 'composer.over' : 'composer.left', { number: Math.abs(left) }));
    if (GROWS_ALONE) return;
    this.text.style.height = 'auto';
    this.text.style.height = `${this.text.scrollHeight}px`;
  }

  #draft() {
    try {
      return localStorage.getItem(this.store) ?? '';
    } catch {
      return '';
    }
  }

  #keep(text) {
    try {
      if (text) localStorage.setItem(this.store, text);
      else localStorage.removeItem(this.store);
    } catch {
      // A draft that can't be kept is still in the box.
    }
  }
}
