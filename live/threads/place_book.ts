/**
 * The limits of connections over all threads.
 *
 * @module
 */

/** `taken` if there was a place; otherwise the limit that was reached. */
export type PlaceAnswer = "taken" | "capacity" | "user-limit";

/** Limits of connections. */
export interface PlaceLimits {
  /** Connections of all users together. */
  readonly maxConnections: number;
  /** Connections of one user. */
  readonly maxConnectionsPerUser: number;
}

/** One thread's places. */
export interface PlaceMember {
  /**
   * Takes a place for a connection of a user; `null` stands for a connection without a user. In an exchange
   * the connection gives up another place afterwards, so the limit over all users is not checked.
   */
  take(userId: string | null, isExchange: boolean): PlaceAnswer;
  /** Gives up a place. */
  leave(userId: string | null): void;
  /** Gives up all places. Called when the thread has ended, and its sockets with it. */
  leaveAll(): void;
}

/**
 * Counts the connections of all threads. A place is taken before a socket opens, and given up when the
 * socket is gone. So a burst of upgrades cannot exceed the limits, whichever threads it reaches.
 */
export class PlaceBook {
  /** How many places are taken, for all threads to read. */
  readonly taken: Int32Array<SharedArrayBuffer> = new Int32Array(
    new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #limits: PlaceLimits;
  readonly #perUser = new Map<string, number>();
  #total = 0;

  /** Creates a book in which no place is taken. */
  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Adds a thread. */
  join(): PlaceMember {
    const own = new Map<string | null, number>();
    return {
      take: (userId, isExchange) => {
        const { maxConnections, maxConnectionsPerUser } = this.#limits;
        if (this.#total >= maxConnections && !isExchange) return "capacity";
        if (userId !== null && (this.#perUser.get(userId) ?? 0) >= maxConnectionsPerUser) {
          return "user-limit";
        }
        change(own, userId, 1);
        this.#change(userId, 1);
        return "taken";
      },
      leave: (userId) => {
        if (!own.has(userId)) return;
        change(own, userId, -1);
        this.#change(userId, -1);
      },
      leaveAll: () => {
        for (const [userId, count] of own) this.#change(userId, -count);
        own.clear();
      },
    };
  }

  #change(userId: string | null, by: number): void {
    this.#total += by;
    Atomics.store(this.taken, 0, this.#total);
    if (userId !== null) change(this.#perUser, userId, by);
  }
}

function change<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
