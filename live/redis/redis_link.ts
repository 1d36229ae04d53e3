/**
 * An instance's connections to one Redis, which are established again when they break.
 *
 * @module
 */

import { BrokerUnavailable } from "../domain/broker.ts";
import { WarningThrottle } from "../domain/warning_throttle.ts";
import { reasonOf, RedisClient } from "./client.ts";
import type { Link, LinkOptions, RedisAction, RedisSession, SessionListener } from "./link.ts";
import { pause } from "./pause.ts";

/** Finds the server, which can be a different one after each break. */
export interface Locator {
  /**
   * Resolves to the URL of the current server.
   *
   * @throws {Error} If it is not known.
   */
  locate(signal?: AbortSignal): Promise<string>;
  /** Resolves once another server has taken its place, or the signal aborts. Never rejects. */
  changed(url: string, signal: AbortSignal): Promise<void>;
}

/** What the link needs. */
export interface RedisLinkOptions extends LinkOptions {
  /** Where Redis is, or what finds it. */
  readonly url: string | Locator;
  /** The node's name in a cluster, for people. @default {it is no node of a cluster} */
  readonly node?: string;
  /** Called when a cluster's node has ended a channel's subscription, because its slot has moved. */
  readonly onMoved?: (channel: string) => void;
}

/** Bounds of the wait before Redis is tried again, in milliseconds; it doubles each time. */
const MIN_WAIT_MS = 50;
const MAX_WAIT_MS = 2_000;

/** The trouble until the first attempt has succeeded or failed. */
export const NOT_YET = "not connected to Redis yet";

/** When to try again without Redis, in milliseconds. */
export const RETRY_AFTER_MS = 2_000;

/**
 * Keeps the session with one Redis that all parts of the instance share. If either of its connections
 * breaks or hangs, both are closed and replaced.
 */
export class RedisLink implements Link {
  readonly isSplit = false;
  readonly partialTrouble: string | undefined = undefined;
  readonly #options: RedisLinkOptions;
  readonly #warnings: WarningThrottle;
  readonly #stop = new AbortController();
  readonly #listeners: SessionListener[] = [];
  #session: RedisSession | undefined;
  #trouble: string | undefined = NOT_YET;
  #running: Promise<void> | undefined;

  /** Creates a link that connects once it is started. */
  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#warnings = new WarningThrottle(options.logger);
  }

  /** Whether the first attempt to reach Redis is still under way. */
  get isNew(): boolean {
    return this.#trouble === NOT_YET;
  }

  /** The session, while there is one. */
  get session(): RedisSession | undefined {
    return this.#session;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  sessionOf(): RedisSession | undefined {
    return this.#session;
  }

  troubleOf(): string | undefined {
    return this.#trouble;
  }

  locate(_key?: string, signal?: AbortSignal): Promise<string> {
    const { url } = this.#options;
    return typeof url === "string" ? Promise.resolve(url) : url.locate(signal);
  }

  onUp(listener: SessionListener): void {
    this.#listeners.push(listener);
    this.attempt("", (session) => listener(session, () => true));
  }

  async attempt(_key: string, action: (session: RedisSession) => Promise<void>): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    try {
      await action(session);
    } catch (error) {
      session.commands.lose(reasonOf(error));
    }
  }

  async run<T>(_key: string, action: RedisAction<T>): Promise<T> {
    const { session, trouble = "" } = this;
    if (session === undefined) throw new BrokerUnavailable(trouble, RETRY_AFTER_MS);
    return await action(session, false);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let waitMs = MIN_WAIT_MS;
    while (!signal.aborted) {
      try {
        const url = await this.locate("", signal);
        const session = await this.#connect(url, signal);
        const since = performance.now();
        const reason = await this.#use(url, session);
        // A session that fails at once counts as a failed attempt, so that the wait keeps growing.
        if (performance.now() - since > MAX_WAIT_MS) {
          waitMs = MIN_WAIT_MS;
          this.#warnings.reset();
        }
        this.#down("redis lost", reason);
      } catch (error) {
        this.#down("redis not reached", reasonOf(error));
      }
      await pause(waitMs * (0.5 + Math.random() / 2), signal); // spread over instances
      waitMs = Math.min(2 * waitMs, MAX_WAIT_MS);
    }
  }

  async #connect(url: string, signal: AbortSignal): Promise<RedisSession> {
    const { node, onMoved } = this.#options;
    const options = { signal, isSharded: node !== undefined, onMoved };
    const commands = await RedisClient.connect(url, options);
    try {
      if (typeof this.#options.url !== "string") await expectMaster(commands);
      return { commands, channels: await RedisClient.connect(url, options) };
    } catch (error) {
      commands.lose(reasonOf(error));
      throw error;
    }
  }

  /** Keeps a session until either connection is lost; resolves to the reason. */
  async #use(url: string, session: RedisSession): Promise<string> {
    const { commands, channels } = session;
    const { node, logger, metrics, url: locator } = this.#options;
    this.#session = session;
    this.#trouble = undefined;
    metrics.redisUp(true);
    logger.info("redis reached", node === undefined ? {} : { node });
    for (const listener of this.#listeners) {
      this.attempt("", (session) => listener(session, () => true));
    }
    const lost = Promise.race([commands.lost, channels.lost]);
    if (typeof locator !== "string") {
      const ended = new AbortController();
      lost.then(() => ended.abort());
      locator.changed(url, ended.signal).then(() => commands.lose("the master is another one"));
    }
    const reason = await lost;
    commands.lose(reason);
    channels.lose(reason);
    return reason;
  }

  #down(message: string, reason: string): void {
    const { node, metrics } = this.#options;
    const named = node === undefined ? reason : `${node}: ${reason}`;
    this.#session = undefined;
    this.#trouble = `cut off from Redis: ${named}`;
    if (this.#stop.signal.aborted) return;
    this.#warnings.warn(message, named);
    metrics.redisUp(false);
  }
}

/**
 * Makes sure that a server accepts writes: Sentinel can name a server that is not promoted yet, or a
 * former master that has just restarted.
 */
async function expectMaster(client: RedisClient): Promise<void> {
  const role = await client.run(["ROLE"]).catch((error) => {
    if (!reasonOf(error).startsWith("NOPERM")) throw error;
    return ["master"]; // the login may not run ROLE; a replica refuses the first publication anyway
  });
  const [name] = Array.isArray(role) ? role : [];
  if (name !== "master") throw new Error(`the server that Sentinel names is no master: ${name}`);
}
