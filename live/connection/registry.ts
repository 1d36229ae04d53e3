/**
 * The registry of connections.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { User } from "../domain/authority.ts";
import type { Credential } from "../domain/credential.ts";
import type { Metrics } from "../domain/metrics.ts";

/**
 * Holds the open connections, and tracks sockets that were closed but are not gone. A peer that reads
 * nothing can keep its socket, and the data queued for it, for as long as it likes. Such sockets still
 * count towards the limits. Otherwise one user could pile them up (CWE-770).
 */
export class Registry {
  readonly #metrics: Metrics;
  readonly #connections = new Map<string, Connection>();
  readonly #perUser = new Map<string, number>();
  readonly #closing = new Set<Connection>();
  readonly #leavePlaces = new Map<Connection, () => void>();
  #whenGone: PromiseWithResolvers<void> | undefined;

  /** Creates an empty registry. */
  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Number of registered connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Number of sockets that were closed and are not gone yet. */
  get closing(): number {
    return this.#closing.size;
  }

  /** Number of sockets, registered or closing. */
  get sockets(): number {
    return this.size + this.closing;
  }

  /** Returns the number of a user's sockets, registered or closing. */
  socketsOf(userId: string): number {
    return this.#perUser.get(userId) ?? 0;
  }

  /** Returns all connections, as an array, so that they may end while the caller iterates. */
  all(): Connection[] {
    return [...this.#connections.values()];
  }

  /**
   * Registers a connection whose socket has opened.
   *
   * @param leavePlace Gives up its place among those of all threads; called once its socket is gone.
   */
  add(connection: Connection, leavePlace: () => void = () => {}): void {
    if (this.#connections.has(connection.id)) return;
    this.#connections.set(connection.id, connection);
    this.#leavePlaces.set(connection, leavePlace);
    this.#changeUser(connection, 1);
    this.#metrics.connections(this.size);
  }

  /**
   * Notes that the client of a registered connection has authenticated. The connection now belongs to that
   * user, and takes a place of that user in exchange for its former place.
   *
   * @param user The user; `null` if the connection belongs to the public again.
   * @param leavePlace Gives up the new place. @default {the former place stays}
   */
  identify(
    connection: Connection,
    user: User | null,
    credential: Credential,
    leavePlace?: () => void,
  ): void {
    if (!this.#connections.has(connection.id)) return leavePlace?.();
    if (leavePlace !== undefined) {
      this.#leavePlaces.get(connection)?.();
      this.#leavePlaces.set(connection, leavePlace);
    }
    this.#changeUser(connection, -1);
    connection.identify(user, credential);
    this.#changeUser(connection, 1);
  }

  /** Removes a connection that has ended; its socket counts as closing until it is gone. */
  remove(connection: Connection): void {
    if (!this.#connections.delete(connection.id)) return;
    this.#closing.add(connection);
    this.#metrics.connections(this.size);
    this.#metrics.closingSockets(this.closing);
  }

  /** Notes that a removed connection's socket is gone. */
  gone(connection: Connection): void {
    if (!this.#closing.delete(connection)) return;
    this.#leavePlaces.get(connection)?.();
    this.#leavePlaces.delete(connection);
    this.#changeUser(connection, -1);
    this.#metrics.closingSockets(this.closing);
    if (this.closing > 0) return;
    this.#whenGone?.resolve();
    this.#whenGone = undefined;
  }

  /** Resolves once no socket is closing. */
  async allGone(): Promise<void> {
    if (this.closing === 0) return;
    this.#whenGone ??= Promise.withResolvers();
    await this.#whenGone.promise;
  }

  #changeUser({ user }: Connection, change: number): void {
    if (user === null) return;
    const count = this.socketsOf(user.id) + change;
    if (count === 0) this.#perUser.delete(user.id);
    else this.#perUser.set(user.id, count);
  }
}
