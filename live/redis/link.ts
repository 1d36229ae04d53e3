/**
 * An instance's connections to Redis, which are established again when they break.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import { reasonOf, RedisClient } from "./client.ts";
import { pause } from "./pause.ts";
import { WarningThrottle } from "../domain/warning_throttle.ts";

/**
 * Two connections that live and die together. Channels have one of their own because Redis closes a
 * subscribed connection that has 32 MiB to be read, which replies to commands can exceed.
 */
export interface RedisSession {
  /** Runs commands. */
  readonly commands: RedisClient;
  /** Subscribes to channels. */
  readonly channels: RedisClient;
}

/** What a link needs. */
export interface RedisLinkOptions {
  /** Where Redis is. */
  readonly url: string;
  /** Logs when Redis is reached and lost. */
  readonly logger: Logger;
  /** Records whether Redis is reached. */
  readonly metrics: Metrics;
}

/** Bounds of the wait before Redis is tried again, in milliseconds; it doubles each time. */
const MIN_WAIT_MS = 50;
const MAX_WAIT_MS = 2_000;

/**
 * Keeps a session with Redis, for everything in the instance that needs one. If either connection
 * breaks or hangs, both are closed and replaced.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #warnings: WarningThrottle;
  readonly #stop = new AbortController();
  readonly #listeners: ((session: RedisSession) => Promise<void>)[] = [];
  #session: RedisSession | undefined;
  #trouble: string | undefined = "not connected to Redis yet";
  #running: Promise<void> | undefined;

  /** Creates a link that connects once it is started. */
  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#warnings = new WarningThrottle(options.logger);
  }

  /** The session, while there is one. */
  get session(): RedisSession | undefined {
    return this.#session;
  }

  /** Why there is no session, for people; `undefined` while there is one. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Adds a listener for new sessions, which have no subscriptions yet. It is called at once if there
   * is a session. If it rejects, the session ends, and it is called again with the next one.
   */
  onUp(listener: (session: RedisSession) => Promise<void>): void {
    this.#listeners.push(listener);
    this.attempt(listener);
  }

  /**
   * Runs an action without which the session is of no use. If it rejects, the session ends, and the
   * listeners of {@linkcode onUp} make up for it with the next one. Without a session it does nothing.
   * Never rejects.
   */
  async attempt(action: (session: RedisSession) => Promise<void>): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    try {
      await action(session);
    } catch (error) {
      session.commands.lose(reasonOf(error));
    }
  }

  /** Starts to connect. A second call, or one after {@linkcode stop}, changes nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Closes both connections, and stops connecting. Resolves once nothing is left open. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let waitMs = MIN_WAIT_MS;
    while (!signal.aborted) {
      try {
        const session = await this.#connect(signal);
        const since = performance.now();
        const reason = await this.#use(session);
        // A session that fails at once is no better than none: the wait keeps growing.
        if (performance.now() - since > MAX_WAIT_MS) {
          waitMs = MIN_WAIT_MS;
          this.#warnings.reset();
        }
        this.#down("redis lost", reason);
      } catch (error) {
        this.#down("redis not reached", reasonOf(error));
      }
      await pause(waitMs * (0.5 + Math.random() / 2), signal); // not in step with other instances
      waitMs = Math.min(2 * waitMs, MAX_WAIT_MS);
    }
  }

  async #connect(signal: AbortSignal): Promise<RedisSession> {
    const { url } = this.#options;
    const commands = await RedisClient.connect(url, signal);
    try {
      return { commands, channels: await RedisClient.connect(url, signal) };
    } catch (error) {
      commands.lose(reasonOf(error));
      throw error;
    }
  }

  /** Keeps a session until either connection is lost; resolves to the reason. */
  async #use(session: RedisSession): Promise<string> {
    const { commands, channels } = session;
    this.#session = session;
    this.#trouble = undefined;
    this.#options.metrics.redisUp(true);
    this.#options.logger.info("redis reached");
    for (const listener of this.#listeners) this.attempt(listener);
    const reason = await Promise.race([commands.lost, channels.lost]);
    commands.lose(reason);
    channels.lose(reason);
    return reason;
  }

  #down(message: string, reason: string): void {
    this.#session = undefined;
    this.#trouble = `cut off from Redis: ${reason}`;
    if (this.#stop.signal.aborted) return;
    this.#warnings.warn(message, reason);
    this.#options.metrics.redisUp(false);
  }
}
