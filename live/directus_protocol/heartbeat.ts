/**
 * Directus's heartbeat: every 30 seconds, a message that clients must answer.
 *
 * @module
 */

import type { DirectusSession } from "./session.ts";

/** Time from one beat to the next, in milliseconds: Directus's default. */
const PERIOD_MS = 30_000;

/** Pings all clients at the same time, as long as there are any. */
export class Heartbeat {
  readonly #sessions = new Set<DirectusSession>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Adds a client. */
  add(session: DirectusSession): void {
    this.#sessions.add(session);
    this.#timer ??= setInterval(() => {
      for (const each of [...this.#sessions]) each.beat();
    }, PERIOD_MS);
  }

  /** Removes a client whose connection has ended. */
  remove(session: DirectusSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
