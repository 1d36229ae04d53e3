/**
 * The page's own line to the server: slow, cut, and what came of it.
 *
 * @module
 */

import { write } from "./panel.js";

/** Is the line of this page, and the notes on what it did to the page. */
export class Line {
  /** Names the line in the page's URL. */
  id = crypto.randomUUID();
  /** Whether it is slow. */
  slow = false;
  #report;
  #skipped = 0;
  #caughtUp = 0;

  /** Writes what became of it into an element. */
  constructor(report) {
    this.#report = report;
    this.#write("Nothing was skipped yet.");
  }

  /** Makes it slow, or quick again. */
  async setSlow(slow) {
    this.slow = slow;
    this.#skipped = 0;
    await this.#order({ slow });
    this.#write(
      slow
        ? "This client now reads 2 MB a second, of 8 MB: soon it gets the newest of each key only."
        : "Quick again.",
    );
  }

  /** Cuts it. */
  async cut() {
    this.slow = false;
    await this.#order({ cut: true });
    this.#write("Cut. It comes back by itself, and asks for what it missed.");
  }

  /** Takes note of a message: what it says was skipped, and whether it is from the history. */
  took({ skipped = 0, offset }, start) {
    if (skipped > 0) {
      this.#skipped += skipped;
      this.#write(`${this.#skipped.toLocaleString("en")} messages skipped, and no backlog.`);
    }
    if (!start?.recovered || offset > start.offset) return;
    this.#caughtUp++;
    this.#write(`Recovered: ${this.#caughtUp.toLocaleString("en")} missed messages came after.`);
  }

  /** Takes note that a topic begins. */
  began({ recovered }) {
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
