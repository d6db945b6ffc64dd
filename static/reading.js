const EVERY = 1_000; // ms between two `read` frames

/** Tells the server how far this reader has read; `seen()` is called when everything here has been seen. */
export class Reading {
  #told = 0;
  #shown = 0;
  #timer = 0;
  #held = false;

  constructor({ send, isReading, seen }) {
    this.send = send;
    this.isReading = isReading;
    this.seen = seen;
    document.addEventListener('visibilitychange', () => this.update());
    addEventListener('focus', () => this.update());
    addEventListener('pagehide', () => this.#tell()); // what was seen since the last time
  }

  /** The mark as the server has it. */
  start(read) {
    this.#told = read;
  }

  /** From here on nothing counts as read, until the reader leaves the room or answers. */
  hold() {
    this.#held = true;
  }

  goOn() {
    this.#held = false;
  }

  /** Another window of this reader has read further. */
  rise(read) {
    this.#told = Math.max(this.#told, read);
  }

  update(newest = this.#shown) {
    this.#shown = newest;
    if (this.#held || !this.isReading()) return;
    this.seen();
    if (this.#shown > this.#told && !this.#timer) this.#timer = setTimeout(() => this.#tell(), 0);
  }

  #tell() {
    if (!this.#held && this.isReading() && this.#shown > this.#told && this.send(this.#shown)) this.#told = this.#shown;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.update();
    }, EVERY);
  }
}
