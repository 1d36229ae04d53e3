/**
 * A link that tests can wait for.
 *
 * @module
 */

import { createLink } from "../../live/redis/create_link.ts";
import type { Link, RedisAction, RedisSession, SessionListener } from "../../live/redis/link.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import type { RedisServer } from "../support/redis_server.ts";

/** The part of a server that a client has to know. */
export type Address = Pick<RedisServer, "url">;

/** A link with a log and metrics that a test can wait for, to any kind of Redis. */
export class TestLink implements Link, AsyncDisposable {
  readonly logger = new RecordingLogger();
  readonly metrics = new RecordingMetrics();
  readonly isSplit: boolean;
  readonly #link: Link;

  constructor({ url }: Address) {
    this.#link = createLink(url, this);
    this.isSplit = this.#link.isSplit;
  }

  /** The session, if there is one Redis. */
  get session(): RedisSession | undefined {
    return this.#link.sessionOf("");
  }

  get trouble(): string | undefined {
    return this.#link.trouble;
  }

  get partialTrouble(): string | undefined {
    return this.#link.partialTrouble;
  }

  start(): void {
    this.#link.start();
  }

  stop(): Promise<void> {
    return this.#link.stop();
  }

  sessionOf(key: string): RedisSession | undefined {
    return this.#link.sessionOf(key);
  }

  troubleOf(key: string): string | undefined {
    return this.#link.troubleOf(key);
  }

  locate(key: string, signal?: AbortSignal): Promise<string> {
    return this.#link.locate(key, signal);
  }

  onUp(listener: SessionListener): void {
    this.#link.onUp(listener);
  }

  attempt(key: string, action: (session: RedisSession) => Promise<void>): Promise<void> {
    return this.#link.attempt(key, action);
  }

  run<T>(key: string, action: RedisAction<T>): Promise<T> {
    return this.#link.run(key, action);
  }

  /** Resolves once Redis was reached `times` times. */
  up(times = 1): Promise<void> {
    return this.metrics.until(({ redis }) => redis.filter((up) => up).length >= times);
  }

  /** Resolves once Redis is lost, or was not reached. */
  down(): Promise<void> {
    return this.metrics.until(({ redis }) => redis.at(-1) === false);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
