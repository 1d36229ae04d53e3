/**
 * The seam to the connection limits that several threads share.
 *
 * @module
 */

/** A place that a connection takes, from its admission until its socket is gone. */
export interface Place {
  /** Gives the place up. A second call does nothing. */
  leave(): void;
}

/** Counts the connections of all threads towards the limits. */
export interface Places {
  /** Whether all places are taken, as far as this thread knows. */
  readonly isFull: boolean;
  /**
   * Takes a place for a connection of a user; `null` stands for a connection without a user. Resolves to
   * the place, or to the limit that was reached. Never rejects.
   *
   * @param isExchange Whether the connection gives up another place in exchange, so that the number of
   * connections stays the same.
   */
  take(userId: string | null, isExchange: boolean): Promise<Place | "capacity" | "user-limit">;
}
