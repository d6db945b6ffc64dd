import { api } from './api.js';
import { nameOf } from './faces.js';
import { t } from './text.js';

export const WANTED = { notices: 'klatch:notices', sound: 'klatch:sound' }; // keys of localStorage; "on"
const LOOKED_AT = 'klatch:looked-at';
const TOLD_FOR = 5_000; // ms in which no other tab tells the same
const SHOWN = 200; // characters of a message

const on = (what) => localStorage.getItem(WANTED[what]) === 'on';

/**
 * Tells the reader, who looks at no page of klatch, of mentions and direct messages; the server leaves out rooms of which
 * they want to hear nothing. Of several tabs one tells.
 */
export class Notices {
  #rooms = new Map(); // slug → as `welcome` gives it

  constructor() {
    document.addEventListener('visibilitychange', () => this.#look());
    this.#look();
  }

  onFrame(frame) {
    const { type, message } = frame;
    if (type === 'welcome') this.#rooms = new Map(frame.rooms.map((room) => [room.slug, room]));
    else if (type === 'mention') this.#tell(frame.room, message);
  }

  // Held by every page that is looked at; it may have been hidden again before it is granted.
  #look() {
    if (!document.hidden) navigator.locks?.request(LOOKED_AT, { mode: 'shared' }, () => document.hidden || new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true });
    }));
  }

  async #tell(slug, message) {
    if (!document.hidden || !navigator.locks || !(on('notices') || on('sound'))) return;
    const { held } = await navigator.locks.query();
    if (held.some(({ name }) => name === LOOKED_AT)) return;
    navigator.locks.request(`klatch:notice:${slug}:${message.id}`, { ifAvailable: true }, async (mine) => {
      if (!mine) return;
      if (on('notices')) await this.#show(slug, message).catch(() => {});
      if (on('sound')) (await import('./sound.js')).chime();
      await new Promise((resolve) => { setTimeout(resolve, TOLD_FOR); });
    });
  }

  async #show(slug, message) {
    const { title, kind } = this.#rooms.get(slug) ?? await api('GET', `/rooms/${slug}`); // begun since `welcome`
    const room = title || slug;
    const name = nameOf(message.author);
    const heading = kind === 'direct' ? name : t('notices.message', { name, room });
    const registration = await navigator.serviceWorker.getRegistration();
    await registration?.showNotification(heading, {
      body: message.body.slice(0, SHOWN), tag: slug, renotify: true, silent: true, data: `/rooms/${slug}`,
      icon: new URL('icon-192.png', import.meta.url).href,
    });
  }
}
