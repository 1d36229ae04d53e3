/**
 * The seam to Redis, whether it is one server or a cluster.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { RedisClient } from "./client.ts";

/**
 * Two connections to one server that live and die together. Channels have one of their own because Redis
 * closes a subscribed connection that has 32 MiB to be read, which replies to commands can exceed.
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
 * Called with each new session, which has no subscriptions yet, and with a session whose server now holds
 * more keys.
 *
 * @param holds Whether the server holds a key whose subscriptions are to be made now.
 */
export type SessionListener = (
  session: RedisSession,
  holds: (key: string) => boolean,
) => Promise<void>;

/**
 * An action on the server that holds a key.
 *
 * @param isAsking Whether the key is still moving there: each command has to say that it knows.
 */
export type RedisAction<T> = (session: RedisSession, isAsking: boolean) => Promise<T>;

/**
 * An instance's connections to Redis, which are established again when they break. A key stands for all
 * keys with the same hash tag: one server holds them.
 */
export interface Link {
  /** Whether keys of different hash tags can be on different servers. */
  readonly isSplit: boolean;
  /** Why nothing of Redis can be used, for people; `undefined` while something can. */
  readonly trouble: string | undefined;
  /** Why a part of Redis cannot be used, for people; `undefined` while all or nothing can. */
  readonly partialTrouble: string | undefined;
  /** Starts to connect. A second call, or one after {@linkcode stop}, changes nothing. */
  start(): void;
  /** Closes all connections, and stops connecting. Resolves once nothing is left open. */
  stop(): Promise<void>;
  /** Returns the session with the server that holds a key, while there is one. */
  sessionOf(key: string): RedisSession | undefined;
  /** Returns why a key cannot be used, for people; `undefined` while it can. */
  troubleOf(key: string): string | undefined;
  /** Returns the URL of the server that holds a key, with its login, for a connection of one's own. */
  locate(key: string, signal?: AbortSignal): Promise<string>;
  /**
   * Adds a listener for new sessions. It is called at once for each session that there is. If it rejects,
   * the session ends, and it is called again with the next one.
   */
  onUp(listener: SessionListener): void;
  /**
   * Runs an action without which a key's session is of no use. If it rejects, the session ends, and the
   * listeners of {@linkcode onUp} make up for it with the next one. Without a session it does nothing.
   * Never rejects.
   */
  attempt(key: string, action: (session: RedisSession) => Promise<void>): Promise<void>;
  /**
   * Runs an action on the server that holds a key. While a cluster moves the key, the action is repeated
   * where the server says, or a little later: only if the server refused it.
   *
   * @throws {BrokerUnavailable} If there is no session with that server.
   */
  run<T>(key: string, action: RedisAction<T>): Promise<T>;
}
