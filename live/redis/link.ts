/**
 * An instance's tie to Redis, which comes back by itself.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import { reasonOf, RedisClient } from "./client.ts";
import { Stopping } from "./stopping.ts";

/** Both connections to Redis, one for commands and one that listens. */
export interface RedisSession {
  /** Runs commands. */
  readonly commands: RedisClient;
  /** Listens to channels. */
  readonly channels: RedisClient;
}

/** What a link needs. */
export interface RedisLinkOptions {
  /** Where Redis is. */
  readonly url: string;
  /** Called each time Redis is reached, with connections that know of no channel yet. */
  readonly onUp: (session: RedisSession) => void;
  /** Told when Redis is lost and reached. */
  readonly logger: Logger;
  /** Told whether Redis is reached. */
  readonly metrics: Metrics;
}

/** Bounds of the wait before Redis is tried again, in milliseconds; it doubles each time. */
const MIN_WAIT_MS = 50;
const MAX_WAIT_MS = 2_000;

/**
 * Keeps a session with Redis for as long as it runs. If either connection breaks or hangs, both are
 * given up and made anew: a session is whole or gone.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #stopping = new Stopping();
  #session: RedisSession | undefined;
  #trouble: string | undefined = "not connected to Redis yet";
  #running: Promise<void> | undefined;

  /** Creates a link that is not there before {@linkcode start}. */
  constructor(options: RedisLinkOptions) {
    this.#options = options;
  }

  /** The session, while there is one. */
  get session(): RedisSession | undefined {
    return this.#session;
  }

  /** Why there is no session, for people; `undefined` while there is one. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Begins to reach for Redis. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Gives the session up for good; resolves once nothing of it is left. */
  async stop(): Promise<void> {
    this.#stopping.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    let waitMs = MIN_WAIT_MS;
    while (!this.#stopping.stopped) {
      try {
        const session = await this.#connect();
        if (session === undefined) return;
        const since = performance.now();
        this.#down(await this.#keep(session));
        // One that refuses what it is asked at once is no better than none.
        if (performance.now() - since > MAX_WAIT_MS) waitMs = MIN_WAIT_MS;
      } catch (error) {
        this.#down(reasonOf(error));
      }
      await this.#stopping.pause(waitMs * (0.5 + Math.random() / 2)); // instances must not come in step
      waitMs = Math.min(2 * waitMs, MAX_WAIT_MS);
    }
  }

  /** Resolves to both connections, or to nothing if the link was stopped meanwhile. */
  async #connect(): Promise<RedisSession | undefined> {
    const { url } = this.#options;
    const results = await Promise.allSettled([RedisClient.connect(url), RedisClient.connect(url)]);
    const clients = results.flatMap((result) => result.status === "fulfilled" ? result.value : []);
    const [commands, channels] = clients;
    if (commands !== undefined && channels !== undefined && !this.#stopping.stopped) {
      return { commands, channels };
    }
    for (const client of clients) client.lose("only half of a session");
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return undefined;
  }

  /** Uses a session until it is lost or the link is stopped; resolves to the reason. */
  async #keep(session: RedisSession): Promise<string> {
    const { commands, channels } = session;
    commands.watch();
    channels.watch();
    this.#session = session;
    this.#trouble = undefined;
    this.#options.metrics.redisUp(true);
    this.#options.logger.info("redis reached");
    this.#options.onUp(session);
    const stopping = this.#stopping.told.then(() => "stopped");
    const reason = await Promise.race([commands.lost, channels.lost, stopping]);
    this.#session = undefined;
    commands.lose(reason);
    channels.lose(reason);
    return reason;
  }

  #down(reason: string): void {
    if (this.#stopping.stopped) return;
    const { logger, metrics } = this.#options;
    if (this.#trouble !== undefined) logger.debug("redis not reached", { reason });
    else logger.warn("redis lost", { reason });
    this.#trouble = `cut off from Redis: ${reason}`;
    metrics.redisUp(false);
  }
}
