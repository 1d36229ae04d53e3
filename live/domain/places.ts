/**
 * The seam to limits that several threads share: places for connections.
 *
 * @module
 */

/** A place that a connection takes, from its admission until its socket is gone. */
export interface Place {
  /** Gives it up; calling it again does nothing. */
  leave(): void;
}

/** Counts the connections of all threads towards the limits. */
export interface Places {
  /** Whether all places are taken, as far as this thread knows. */
  readonly isFull: boolean;
  /**
   * Takes a place for a connection of a user; `null` is a connection without a user. Resolves to the
   * limit that was reached if there is none. Never rejects.
   *
   * @param isExchange Whether the connection gives up another place for it, so that there are no more
   * connections than before.
   */
  take(userId: string | null, isExchange: boolean): Promise<Place | "capacity" | "user-limit">;
}
