/**
 * The seam to Redis, whether it is one server or a cluster.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { RedisClient } from "./client.ts";

/**
 * Two connections to one server that open and close together. Channels have their own connection because
 * Redis closes a subscribed connection with 32 MiB of unread output, and replies to commands can exceed
 * that.
 */
export interface RedisSession {
  /** Runs commands. */
  readonly commands: RedisClient;
  /** Subscribes to channels. */
  readonly channels: RedisClient;
}

/** What a link needs. */
export interface LinkOptions {
  /** Logs when a server is reached and lost. */
  readonly logger: Logger;
  /** Records whether Redis is reached. */
  readonly metrics: Metrics;
}

/**
 * Called with each new session, which has no subscriptions yet, and again with a session whose server has
 * got more keys.
 *
 * @param holds Tells whether the listener must now subscribe to what belongs to a key.
 */
export type SessionListener = (
  session: RedisSession,
  holds: (key: string) => boolean,
) => Promise<void>;

/**
 * An action on the server that holds a key.
 *
 * @param isAsking Whether the key is still moving to that server: then `ASKING` must precede each command.
 */
export type RedisAction<T> = (session: RedisSession, isAsking: boolean) => Promise<T>;

/**
 * An instance's connections to Redis, which are established again when they break. A key stands for all
 * keys with the same hash tag: one server holds them.
 */
export interface Link {
  /** Whether keys of different hash tags can be on different servers. */
  readonly isSplit: boolean;
  /** Why Redis cannot be used at all, as text for people; `undefined` while at least a part works. */
  readonly trouble: string | undefined;
  /** Why only a part of Redis can be used, as text for people; `undefined` while all or none of it works. */
  readonly partialTrouble: string | undefined;
  /** Starts to connect. A second call, or one after {@linkcode stop}, changes nothing. */
  start(): void;
  /** Closes all connections, and stops connecting. Resolves once nothing is left open. */
  stop(): Promise<void>;
  /** Returns the session with the server that holds a key, if there is one. */
  sessionOf(key: string): RedisSession | undefined;
  /** Returns why a key cannot be used, as text for people; `undefined` while it can. */
  troubleOf(key: string): string | undefined;
  /**
   * Returns the URL of the server that holds a key, with its login, so that the caller can open its own
   * connection.
   */
  locate(key: string, signal?: AbortSignal): Promise<string>;
  /**
   * Adds a listener for new sessions, and calls it at once for each existing one. If the listener rejects,
   * the session ends, and the listener is called again with the next session.
   */
  onUp(listener: SessionListener): void;
  /**
   * Runs an action without which a key's session is useless. If the action rejects, the session ends, and
   * the listeners of {@linkcode onUp} do the work again with the next session. Does nothing without a
   * session. Never rejects.
   */
  attempt(key: string, action: (session: RedisSession) => Promise<void>): Promise<void>;
  /**
   * Runs an action on the server that holds a key. If the server refuses because a cluster is moving the
   * key, the action is repeated on the server that it names, or a little later.
   *
   * @throws {BrokerUnavailable} If there is no session with that server.
   */
  run<T>(key: string, action: RedisAction<T>): Promise<T>;
}
