/**
 * One connection to Redis.
 *
 * @module
 */

import { createClient } from "@redis/client";
import { z } from "zod";
import type { Script } from "./script.ts";

/** How long connecting may take, login included, in milliseconds. */
const CONNECT_TIMEOUT_MS = 3_000;

/** How often an idle connection is checked, and how long the reply may take, in milliseconds. */
const PING_INTERVAL_MS = 1_000;
const PING_TIMEOUT_MS = 2_000;

/**
 * Errors which mean that this is the wrong server, or that it is not ready: another server may work.
 * EXPIRED comes from our own scripts: the server ran one too late, or its clock was set.
 */
const WRONG_SERVER = /^(READONLY|LOADING|MASTERDOWN|NOAUTH|NOREPLICAS|EXPIRED)/;

/** What a connection needs. */
export interface RedisClientOptions {
  /** Closes the connection when it aborts, established or not. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the server is a node of a cluster: its channels are sharded, so that a message goes to the
   * subscribers of one node and not to all nodes.
   *
   * @default {false}
   */
  readonly isSharded?: boolean | undefined;
  /** Called when the node ends the subscription of a channel, because its slot has moved. */
  readonly onMoved?: ((channel: string) => void) | undefined;
}

/**
 * A connection that works until it is lost, and never reconnects. After a break, an instance has to read
 * again everything that it knows from Redis, so the owner of the connection has to notice the break. A
 * ping every second detects a server that hangs. When the connection is lost, commands fail at once.
 */
export class RedisClient {
  /** Resolves to the reason when the connection is lost; never rejects. */
  readonly lost: Promise<string>;
  /** Number of the database. Channels are shared by all databases, so their names contain it. */
  readonly database: number;
  /** The command that publishes on a channel. */
  readonly publishCommand: "PUBLISH" | "SPUBLISH";
  readonly #client: Client;
  readonly #lost = Promise.withResolvers<string>();
  /** The last subscribe or unsubscribe of each channel, while it is in flight. */
  readonly #pending = new Map<string, Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Redis's clock minus the monotonic clock of this process, in milliseconds. */
  #clockOffsetMs = 0;

  private constructor(url: string, { isSharded = false, onMoved }: RedisClientOptions) {
    this.publishCommand = isSharded ? "SPUBLISH" : "PUBLISH";
    this.#client = newClient(url);
    this.#client.on("error", (error) => this.lose(reasonOf(error)));
    this.#client.on("end", () => this.lose("connection closed"));
    this.#client.on("sharded-channel-moved", (channel: string) => onMoved?.(channel));
    this.database = Number(new URL(url).pathname.slice(1));
    this.lost = this.#lost.promise;
  }

  /**
   * Connects, and logs in if the URL has a user or a password.
   *
   * @param url Where Redis is. Its password appears in no error.
   * @throws {Error} If Redis cannot be reached, does not answer, or refuses the login.
   */
  static async connect(url: string, options: RedisClientOptions = {}): Promise<RedisClient> {
    const { signal } = options;
    signal?.throwIfAborted();
    const redis = new RedisClient(url, options);
    const stop = () => redis.lose("stopped");
    signal?.addEventListener("abort", stop);
    redis.lost.then(() => signal?.removeEventListener("abort", stop));
    try {
      await redis.#open();
      redis.#watch();
      return redis;
    } catch (error) {
      redis.lose(reasonOf(error));
      throw new Error(await redis.lost);
    }
  }

  /** Closes the connection; commands in flight fail. */
  lose(reason: string): void {
    clearTimeout(this.#timer);
    this.#lost.resolve(reason); // before the "end" event, which would give a vaguer reason
    this.#client.destroy();
  }

  /** Returns the time of Redis's clock, as of the last check of the connection. */
  serverTimeMs(): number {
    return Math.round(performance.now() + this.#clockOffsetMs);
  }

  /**
   * Runs a command.
   *
   * @param isAsking Whether a cluster's node should run it although the slot is still moving to that node.
   * @throws {Error} If Redis refuses it or the connection is lost.
   */
  async run(command: readonly string[], isAsking = false): Promise<unknown> {
    try {
      if (isAsking) this.#client.sendCommand(["ASKING"]).catch(() => {}); // the next command fails too
      return await this.#client.sendCommand([...command]);
    } catch (error) {
      if (error instanceof Error && WRONG_SERVER.test(error.message)) this.lose(error.message);
      throw error;
    }
  }

  /**
   * Runs a script. Its text is only sent if Redis does not have it cached.
   *
   * @param keys Keys that it uses. A cluster runs it only if the node has all of them.
   * @throws {Error} If Redis refuses it or the connection is lost.
   */
  async script(
    { text, sha }: Script,
    keys: readonly string[],
    args: readonly string[],
    isAsking = false,
  ): Promise<unknown> {
    const rest = [`${keys.length}`, ...keys, ...args];
    try {
      return await this.run(["EVALSHA", sha, ...rest], isAsking);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await this.run(["EVAL", text, ...rest], isAsking);
    }
  }

  /** Subscribes to a channel; resolves once Redis has confirmed it. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    const { publishCommand } = this;
    return this.#queue(
      channel,
      () =>
        publishCommand === "SPUBLISH"
          ? this.#client.sSubscribe(channel, listener)
          : this.#client.subscribe(channel, listener),
    );
  }

  /** Subscribes to a channel whose messages are not text. */
  subscribeBytes(channel: string, listener: (message: Uint8Array) => void): Promise<void> {
    return this.#queue(channel, () => this.#client.subscribe(channel, listener, true));
  }

  /** Unsubscribes a listener, the same function that was subscribed. */
  unsubscribe(channel: string, listener: (message: string) => void): Promise<void> {
    const { publishCommand } = this;
    return this.#queue(
      channel,
      () =>
        publishCommand === "SPUBLISH"
          ? this.#client.sUnsubscribe(channel, listener)
          : this.#client.unsubscribe(channel, listener),
    );
  }

  /**
   * Runs a channel's calls one by one: if they overlap, the library loses listeners, or keeps them after
   * their end. On a lost connection, the library's calls would never settle.
   */
  #queue(channel: string, call: () => Promise<void>): Promise<void> {
    const run = async () => this.#client.isReady ? await call() : fail(await this.lost);
    const previous = this.#pending.get(channel)?.catch(() => {}); // its caller handles the error
    const next = previous === undefined ? run() : previous.then(run);
    this.#pending.set(channel, next);
    const done = () => {
      if (this.#pending.get(channel) === next) this.#pending.delete(channel);
    };
    next.then(done, done);
    return next;
  }

  /**
   * Connects and asks for the time, because Redis accepts connections even while it is loading or requires
   * a login. TIME also fails if the client was closed while it was connecting, which the library does not
   * notice.
   */
  async #open(): Promise<void> {
    this.#expectAnswer(CONNECT_TIMEOUT_MS);
    await this.#client.connect();
    await this.#readTime();
  }

  /** Reads Redis's clock. The result lags by the time that the reply took, so deadlines come early. */
  async #readTime(): Promise<void> {
    const [seconds, microseconds] = time.parse(await this.#client.sendCommand(["TIME"]));
    this.#clockOffsetMs = seconds * 1000 + microseconds / 1000 - performance.now();
  }

  /** Asks for the time every second. On a subscribed connection, Redis answers only PING (RESP 2). */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      this.#expectAnswer(PING_TIMEOUT_MS);
      try {
        await (this.#client.isPubSubActive ? this.#client.ping() : this.#readTime());
        this.#watch();
      } catch (error) {
        this.lose(reasonOf(error));
      }
    }, PING_INTERVAL_MS);
  }

  #expectAnswer(timeoutMs: number): void {
    this.#timer = setTimeout(() => this.lose(`no answer within ${timeoutMs} ms`), timeoutMs);
  }
}

/** What TIME answers: seconds and microseconds, as digits. */
const time = z.tuple([z.coerce.number(), z.coerce.number()]);

type Client = ReturnType<typeof newClient>;

function newClient(url: string) {
  return createClient({
    url,
    RESP: 2, // replies are arrays, whatever the server supports beyond that
    disableOfflineQueue: true,
    commandOptions: { timeout: 0 }, // the library's timeout ends when a command is written
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
  });
}

/** Returns an error's message, without its position in a script. The message contains no secret. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/ script: [0-9a-f]{40}, .*$/, "") || error.name;
}

function fail(reason: string): never {
  throw new Error(reason);
}
