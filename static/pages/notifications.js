export const WANTED = { notices: 'klatch:notices', sound: 'klatch:sound', announce: 'klatch:announce' }; // keys of localStorage; "on" or "off"
const LOOKED_AT = 'klatch:looked-at';

// Announcements reach screen readers alone, so they are on until somebody turns them off.
export const wanted = (what) => (localStorage.getItem(WANTED[what]) ?? (what === 'announce' && 'on')) === 'on';

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
    if (!document.hidden || !navigator.locks || !(wanted('notices') || wanted('sound'))) return;
    const { held } = await navigator.locks.query();
    if (!held.some(({ name }) => name === LOOKED_AT)) (await import('./show-notification.js')).tell(slug, this.#rooms.get(slug), message);
  }
}
