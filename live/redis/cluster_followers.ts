/**
 * What has to be done again when slots of a Redis Cluster move.
 *
 * @module
 */

import type { RedisSession, SessionListener } from "./link.ts";
import { slotOf, SLOTS } from "./partition.ts";

/** Returns the session with the node that holds a slot, if there is one. */
export type SessionOfSlot = (slot: number) => RedisSession | undefined;

/** Calls listeners with sessions, and remembers the slots for which the calls have to be repeated. */
export class ClusterFollowers {
  readonly #listeners: SessionListener[] = [];
  /** Slots whose topics have to be subscribed to and read again. */
  readonly #behind = new Set<number>();
  readonly #sessionOf: SessionOfSlot;

  /** Creates an empty list of listeners. */
  constructor(sessionOf: SessionOfSlot) {
    this.#sessionOf = sessionOf;
  }

  /** Whether anything has to be repeated. */
  get areBehind(): boolean {
    return this.#behind.size > 0;
  }

  /** Adds a listener, and calls it with each session that exists already. */
  add(listener: SessionListener, sessions: Iterable<RedisSession>): void {
    this.#listeners.push(listener);
    for (const session of sessions) {
      this.#tell(session, listener, (slot) => this.#sessionOf(slot) === session);
    }
  }

  /** Calls all listeners with a new session. */
  welcome(session: RedisSession): void {
    for (const listener of this.#listeners) {
      this.#tell(session, listener, (slot) => this.#sessionOf(slot) === session);
    }
  }

  /** Notes that slots have moved, or that messages about their topics may have been missed. */
  fallBehind(slots: Iterable<number>): void {
    for (const slot of slots) this.#behind.add(slot);
  }

  /**
   * Repeats the calls for all slots that are behind. A slot without a session is dropped: its next session
   * takes all of its topics.
   */
  catchUp(): void {
    const slots = new Set(this.#behind);
    this.#behind.clear();
    const sessions = new Set([...slots].map((slot) => this.#sessionOf(slot)));
    for (const session of sessions) {
      if (session === undefined) continue;
      const holds = (slot: number) => slots.has(slot) && this.#sessionOf(slot) === session;
      for (const listener of this.#listeners) this.#tell(session, listener, holds);
    }
  }

  /** Calls a listener. If it fails, all slots that it was called for are behind. Never rejects. */
  async #tell(
    session: RedisSession,
    listener: SessionListener,
    holds: (slot: number) => boolean,
  ): Promise<void> {
    try {
      await listener(session, (key) => holds(slotOf(key)));
    } catch {
      for (let slot = 0; slot < SLOTS; slot++) if (holds(slot)) this.#behind.add(slot);
    }
  }
}
