import { t } from '../core/text.js';
import { Deletions } from '../message/deletions.js';
import { isOwn } from '../message/message.js';
import { MessageToolbar } from '../message/toolbar.js';
import { api, textOf } from '../net/api.js';

/** @import { Action } from '../message/toolbar.js' */

/** What can be done with the messages of a room. Loaded when one is first pointed at or given the focus. */
export class MessageActions {
	#room;
	#toolbar;
	#deletions;

	/** @param {import('./room.js').Room} room */
	constructor(room) {
		this.#room = room;
		this.#toolbar = new MessageToolbar({
			list: room.list.root,
			me: room.me,
			removes: room.permissions.remove_messages,
			find: (article) => room.list.get(Number(article?.dataset.id)),
			act: (action, message, what) => this.#act(action, message, what),
			leave: () => room.composer.focus(),
		});
		this.#deletions = new Deletions({
			room,
			say: (text) => room.say(text),
			find: (id) => room.list.article(id),
			send: (id) => room.send({ type: 'delete', room: room.slug, room_id: room.id, id }),
			isShown: () => room.isShown,
			signal: room.signal,
		});
	}

	/**
	 * Something happened in the list.
	 * @param {Event} event
	 */
	on(event) {
		this.#toolbar.on(event);
	}

	/**
	 * An article is new in the list.
	 * @param {HTMLElement} article
	 */
	added(article) {
		this.#deletions.redraw(article);
	}

	/**
	 * @param {Action} action
	 * @param {Wire.Message} message
	 * @param {string | HTMLElement} [what]
	 */
	async #act(action, message, what) {
		const { id } = message;
		const { composer, slug, list } = this.#room;
		const near = what instanceof HTMLElement ? what : list.article(id);
		switch (action) {
			case 'reply':
				return composer.startReply(message);
			case 'edit':
				return composer.startEdit(message);
			case 'react':
				return this.#react(message, String(what));
			case 'report':
				return location.assign(`/rooms/${slug}/messages/${id}/report`);
			case 'unread':
				return this.#markUnread(id);
			case 'delete':
				return this.#delete(message);
			case 'more':
				if (near) await this.#openMenu(near, message);
				return;
			case 'pick': {
				const { pick } = await import('../dialogs/emoji-picker.js');
				const emoji = near && (await pick(near));
				if (emoji) this.#react(message, emoji);
			}
		}
	}

	/**
	 * @param {Wire.Message} message
	 * @param {string} emoji
	 */
	#react({ id, reactions = [] }, emoji) {
		const reaction = reactions.find((each) => each.emoji === emoji);
		const on = !reaction || !isOwn(reaction, this.#room.me);
		const { slug: room, id: room_id } = this.#room;
		this.#room.request({ type: 'react', room, room_id, id, emoji, on });
	}

	/** @param {number} from */
	async #markUnread(from) {
		try {
			await api('POST', `/rooms/${this.#room.slug}/unread`, { from, room_id: this.#room.id });
			this.#room.say(t('message.unread-done'), true);
		} catch (error) {
			this.#room.say(textOf(error));
		}
	}

	/** @param {Wire.Message} message */
	async #delete(message) {
		if (message.author.id === this.#room.me.id) return this.#deletions.start(message);
		const { confirm } = await import('../dialogs/confirm.js');
		if (!(await confirm(t('message.remove-ask'), t('message.remove-do')))) return;
		const { slug: room, id: room_id } = this.#room;
		this.#room.request({ type: 'delete', room, room_id, id: message.id });
	}

	/**
	 * @param {HTMLElement} near
	 * @param {Wire.Message} message
	 */
	async #openMenu(near, message) {
		const { openMessageMenu } = await import('../message/menu.js');
		await openMessageMenu(near, message, {
			me: this.#room.me,
			room: this.#room,
			removes: this.#room.permissions.remove_messages,
			act: (action, of, what) => this.#act(action, of, what),
			say: (text, isDone) => this.#room.say(text, isDone),
		});
	}
}
