const EVERY = 1_000; // ms between two `read` frames

/** Tells the server how far this reader has read; `seen()` is called when everything here has been seen. */
export class Reading {
  #told = 0;
  #shown = 0; // the newest in the list
  #seen = 0; // of those, while somebody was looking
  #timer = 0;
  #held = false; // set back: nothing counts as read until the reader leaves the room or answers

  constructor({ send, isReading, seen }) {
    this.send = send;
    this.isReading = isReading;
    this.seen = seen;
    // Whoever looks away has seen what was there.
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#tell() : this.update()));
    addEventListener('focus', () => this.update());
    addEventListener('pagehide', () => this.#tell());
  }

  /** The mark as the server has it. */
  start(read) {
    this.#told = read;
  }

  goOn() {
    this.#held = false;
  }

  /** Another window of this reader has read further, or has set the mark back. */
  moved({ seq, back }) {
    this.#told = back ? seq : Math.max(this.#told, seq);
    this.#held ||= Boolean(back);
  }

  update(newest = this.#shown) {
    this.#shown = newest;
    if (this.#held || !this.isReading()) return;
    this.seen();
    this.#seen = newest;
    if (newest > this.#told && !this.#timer) this.#timer = setTimeout(() => this.#tell(), 0);
  }

  #tell() {
    if (!this.#held && this.#seen > this.#told && this.send(this.#seen)) this.#told = this.#seen;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.update();
    }, EVERY);
  }
}
