/**
 * Directus's heartbeat: a message every 30 seconds that clients answer.
 *
 * @module
 */

import type { DirectusSession } from "./session.ts";

/** Time from one beat to the next, in milliseconds: Directus's default. */
const PERIOD_MS = 30_000;

/** Asks all clients at the same time whether they are alive, as long as there are any. */
export class Heartbeat {
  readonly #sessions = new Set<DirectusSession>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Starts to ask a client. */
  add(session: DirectusSession): void {
    this.#sessions.add(session);
    this.#timer ??= setInterval(() => {
      for (const each of [...this.#sessions]) each.beat();
    }, PERIOD_MS);
  }

  /** Stops asking a client whose connection has ended. */
  remove(session: DirectusSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
