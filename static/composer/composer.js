import { $, el, maybe, part, setText, style } from '../core/dom.js';
import { commandOf, isTouched, onKey } from '../core/keyboard.js';
import { KEYS, read } from '../core/storage.js';
import { t } from '../core/text.js';
import { nameOf } from '../people/avatars.js';
import { Draft } from './draft.js';

/** @import { Completion, CompletionRooms } from './completion.js' */
/** @import { Form } from './formatting.js' */
/** @typedef {{ kind: 'reply' | 'edit', message: Wire.Message, unsaved?: boolean }} Mode */

const TYPING_EVERY = 3_000; // ms
const COUNT_FROM = 200; // characters left from which the counter shows
const GROWS_ALONE = CSS.supports('field-sizing', 'content');

/** @type {Record<string, Form>} */
const FORMS = {
	b: 'bold',
	i: 'italic',
	e: 'code',
	'shift k': 'link',
	'shift 9': 'quote',
	'shift 8': 'list',
	'shift enter': 'preview',
};

/**
 * Length as the server counts: Unicode scalar values after trimming.
 * @param {string} text
 */
const lengthOf = (text) => [...text.trim()].length;

/** A room's text box: what is being written, for which purpose (a new message, a reply, an edit), and its draft. */
export class Composer {
	limit = 4_000;
	/** @type {Mode | null} */
	#mode = null;
	/** @type {Wire.Message[]} */
	#unsaved = []; // edits that came back while a reply or another edit was being written
	#typed = 0;
	#disabled = false;
	/** @type {Promise<Completion> | null} */
	#completion = null;
	#root;
	#text;
	#button;
	#modeLine;
	#counter;
	#formatButton;
	#room;
	#rooms;
	#draft;
	#post;
	#edit;
	#typing;
	#lastOwn;

	/**
	 * @param {object} options
	 * @param {HTMLElement} options.root the form
	 * @param {string} options.room
	 * @param {CompletionRooms} options.rooms
	 * @param {string} options.draftKey where the draft is kept
	 * @param {(body: string, replyTo: number | null) => void} options.post
	 * @param {(message: Wire.Message, body: string) => boolean} options.edit false when it could not go out
	 * @param {() => void} options.typing
	 * @param {() => Wire.Message | null} options.lastOwn
	 * @param {AbortSignal} options.signal the room is closed
	 */
	constructor({ root, room, rooms, draftKey, post, edit, typing, lastOwn, signal }) {
		this.#root = root;
		this.#room = room;
		this.#rooms = rooms;
		this.#post = post;
		this.#edit = edit;
		this.#typing = typing;
		this.#lastOwn = lastOwn;
		this.#text = part('text', root, HTMLTextAreaElement);
		this.#button = part('send', root, HTMLButtonElement);
		this.#modeLine = part('mode', root);
		this.#counter = part('counter', root);
		this.#formatButton = part('format', root);
		this.#draft = new Draft(draftKey, () => this.#follow(), signal);
		this.#text.value ||= this.#draft.text;
		this.#text.addEventListener('input', () => this.#typedIn());
		onKey(this.#text, (event) => this.#key(event));
		root.addEventListener('submit', (event) => {
			event.preventDefault();
			this.#submit();
		});
		$('button', this.#modeLine).addEventListener('click', () => this.cancel());
		this.#formatButton.addEventListener('click', () => this.#toggleToolbar());
		if (read(KEYS.toolbar)) this.#toggleToolbar();
		if (isTouched) {
			this.#text.enterKeyHint = 'enter';
			part('hint', root).textContent = t('composer.hint-touched');
		}
		this.#draw();
	}

	focus() {
		maybe('.preview', this.#root)?.remove();
		this.#text.hidden = false;
		this.#text.focus();
	}

	/** Whether an edit or a reply was begun, which no draft keeps. */
	get isUnfinished() {
		return this.#mode !== null || this.#unsaved.length > 0;
	}

	/** @param {string} text as if it had been typed */
	type(text) {
		this.focus();
		if (!text) return;
		this.#text.setRangeText(text, this.#text.selectionStart, this.#text.selectionEnd, 'end');
		this.#text.dispatchEvent(new InputEvent('input'));
	}

	/** @param {Wire.Message} message */
	startReply(message) {
		this.#leaveMode();
		this.#enter({ kind: 'reply', message }, t('composer.reply', { name: nameOf(message.author) }));
	}

	/** @param {Wire.Message} message */
	startEdit(message, unsaved = false) {
		this.#enter({ kind: 'edit', message, unsaved }, t('composer.edit'));
		this.#text.value = message.body;
		this.#text.setSelectionRange(message.body.length, message.body.length);
		this.#draw();
	}

	/**
	 * An edit that went out and was not saved, with its new body: it is shown again, after what is being written.
	 * @param {Wire.Message} message
	 */
	putBack(message) {
		if (this.#mode) this.#unsaved.push(message);
		else this.startEdit(message, true);
	}

	/**
	 * Drops edits that were put back and are saved: only the answer had been lost.
	 * @param {(message: Wire.Message) => boolean} isSaved
	 */
	settle(isSaved) {
		this.#unsaved = this.#unsaved.filter((message) => !isSaved(message));
		const mode = this.#mode;
		if (mode?.unsaved && this.#text.value === mode.message.body && isSaved(mode.message)) this.cancel();
	}

	/** Leaves a reply or an edit; the draft from before an edit comes back. */
	cancel() {
		this.#leaveMode();
		this.#draw();
		this.#goOn();
	}

	/**
	 * Nothing can be sent from here. What was being written stays, to be copied.
	 * @param {string} why
	 */
	disable(why) {
		this.#disabled = true;
		this.#text.disabled = !this.#text.value;
		this.#text.readOnly = true;
		this.#text.placeholder = why;
		if (this.#text.value && !maybe('.why', this.#root))
			this.#text.before(el('p', { class: 'why', role: 'alert' }, why));
		this.#draw();
	}

	#leaveMode() {
		if (this.#mode?.kind === 'edit') this.#text.value = this.#draft.text;
		this.#mode = null;
		this.#modeLine.hidden = true;
	}

	/**
	 * @param {Mode} mode
	 * @param {string} label
	 */
	#enter(mode, label) {
		style('popups.css');
		this.#mode = mode;
		setText($('span', this.#modeLine), label);
		this.#modeLine.hidden = false;
		this.#draw();
		this.focus();
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		const { ctrlKey, metaKey, altKey, shiftKey } = event;
		const form = FORMS[commandOf(event)];
		if (form) {
			event.preventDefault();
			import('./formatting.js').then(({ format }) => format(this.#text, form));
			return;
		}
		if (event.key === 'Enter' && !isTouched && !shiftKey && !ctrlKey && !altKey && !metaKey) {
			event.preventDefault();
			this.#submit();
		} else if (event.key === 'Escape' && this.#mode) {
			event.preventDefault();
			this.cancel();
		} else if (event.key === 'ArrowUp' && !this.#mode && this.#text.value === '') {
			const message = this.#lastOwn();
			if (!message) return;
			event.preventDefault();
			this.startEdit(message);
		}
	}

	#submit() {
		// A half of a surrogate pair or a NUL would make a frame that the server can't read.
		const body = (this.#text.value.toWellFormed?.() ?? this.#text.value).replaceAll('\0', '').trim();
		if (this.#button.disabled || !body) return;
		if (this.#mode?.kind === 'edit') {
			if (this.#edit(this.#mode.message, body)) this.cancel();
			return;
		}
		const replyTo = this.#mode?.message.id ?? null;
		this.#leaveMode();
		this.#text.value = '';
		this.#typed = 0;
		this.#draft.sent();
		this.#typedIn();
		this.#post(body, replyTo);
		this.#goOn();
	}

	#goOn() {
		const unsaved = this.#unsaved.shift();
		if (unsaved) this.startEdit(unsaved, true);
		else this.focus();
	}

	#typedIn() {
		if (this.#mode?.kind !== 'edit') {
			if (this.#text.value !== this.#draft.text) this.#draft.write(this.#text.value);
			if (this.#text.value.trim() && Date.now() - this.#typed >= TYPING_EVERY) {
				this.#typed = Date.now();
				this.#typing();
			}
		}
		this.#complete();
		this.#draw();
	}

	async #complete() {
		const text = this.#text;
		if (!this.#completion && !/[@＠#:]/.test(text.value)) return;
		this.#completion ??= import('./completion.js').then(
			({ Completion }) => new Completion({ root: this.#root, text, room: this.#room, rooms: this.#rooms }),
		);
		(await this.#completion).update();
	}

	async #toggleToolbar() {
		(await import('./formatting.js')).toggleToolbar(this.#text, this.#formatButton);
	}

	#draw() {
		const left = this.limit - lengthOf(this.#text.value);
		this.#button.disabled = this.#disabled || left < 0 || left === this.limit;
		this.#button.setAttribute('aria-label', t(this.#mode?.kind === 'edit' ? 'composer.save' : 'composer.send'));
		const counter = this.#counter;
		counter.hidden = left > COUNT_FROM;
		counter.classList.toggle('over', left < 0);
		const count = () => t(left < 0 ? 'composer.over' : 'composer.left', { number: Math.abs(left) });
		setText(counter, counter.hidden ? '' : count());
		if (GROWS_ALONE) return;
		this.#text.style.height = 'auto';
		this.#text.style.height = `${this.#text.scrollHeight}px`;
	}

	// An edit has the box for itself; the draft comes back behind it.
	#follow() {
		if (this.#mode?.kind !== 'edit') this.#text.value = this.#draft.text;
		this.#draw();
	}
}
