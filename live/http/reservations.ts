/**
 * Capacity that is reserved for connections which are not registered yet.
 *
 * @module
 */

import type { User } from "../domain/authority.ts";

/** Counts reservations, in total and by user. */
export class Reservations {
  readonly #byUser = new Map<string, number>();
  #total = 0;

  /** How many there are. */
  get total(): number {
    return this.#total;
  }

  /** Returns how many a user has. */
  of(userId: string): number {
    return this.#byUser.get(userId) ?? 0;
  }

  /**
   * Makes a reservation; `null` stands for no user. Returns the function that releases it; a second call of
   * that does nothing.
   */
  make(user: User | null): () => void {
    let isHeld = true;
    this.#change(user, 1);
    return () => {
      if (isHeld) this.#change(user, -1);
      isHeld = false;
    };
  }

  #change(user: User | null, change: number): void {
    this.#total += change;
    if (user === null) return;
    const count = this.of(user.id) + change;
    if (count === 0) this.#byUser.delete(user.id);
    else this.#byUser.set(user.id, count);
  }
}
