/**
 * The page's own network line to the server, which can be slowed down and cut.
 *
 * @module
 */

import { write } from "./panel.js";

/** The line of this page, and a report of what happened on it. */
export class Line {
  /** The line's id in the WebSocket URL. */
  id = crypto.randomUUID();
  /** Whether it is slow. */
  slow = false;
  #report;
  #skipped = 0;
  #caughtUp = 0;

  /** Writes its report into an element. */
  constructor(report) {
    this.#report = report;
    this.#write("Nothing was skipped so far.");
  }

  /** Makes the line slow, or fast again. */
  async setSlow(slow) {
    this.slow = slow;
    this.#skipped = 0;
    await this.#order({ slow });
    this.#write(
      slow
        ? "This client now reads 2 of 8 MB per second. Soon it gets only the newest message of each key."
        : "Fast again.",
    );
  }

  /** Cuts the line. */
  async cut() {
    this.slow = false;
    await this.#order({ cut: true });
    this.#write("Cut. The client reconnects and asks for what it missed.");
  }

  /** Reports what a message says was skipped, and whether it was missed and came from the history. */
  took({ skipped = 0, offset }, start) {
    if (skipped > 0) {
      this.#skipped += skipped;
      this.#write(`${this.#skipped.toLocaleString("en")} messages skipped, no backlog.`);
    }
    if (!start?.recovered || offset > start.offset) return;
    this.#caughtUp++;
    this.#write(
      `Recovered: ${this.#caughtUp.toLocaleString("en")} missed messages were sent again.`,
    );
  }

  /** Reports that a topic has started. */
  started({ recovered }) {
    this.#caughtUp = 0;
    if (recovered) this.#write("Recovered: nothing was missed.");
  }

  async #order(order) {
    await fetch("/demo/line", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: this.id, ...order }),
    });
  }

  #write(text) {
    write(this.#report, text);
  }
}
