/**
 * One connection to Redis, which is whole or gone.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { createClient } from "@redis/client";

/** How long a connection may take to come about, its login included, in milliseconds. */
const CONNECT_TIMEOUT_MS = 3_000;

/** How often a connection is tried, and how long its answer may take, in milliseconds. */
const PING_EVERY_MS = 1_000;
const PING_TIMEOUT_MS = 2_000;

/** Errors of a server that is no longer, or not yet, the one to talk to: another may be. */
const WRONG_SERVER = /^(READONLY|LOADING|MASTERDOWN|NOAUTH|NOREPLICAS)/;

/**
 * A connection that does not come back by itself: what an instance knows of Redis has to be read
 * anew after a break, so somebody has to notice. Commands fail at once when it is lost.
 */
export class RedisClient {
  /** Resolves to the reason when the connection is lost; never rejects. */
  readonly lost: Promise<string>;
  /** Number of the database. Channels do not keep to it, so their names have to. */
  readonly database: number;
  readonly #client: Client;
  readonly #lose: (reason: string) => void;
  /** By channel, what was last asked for, while it is under way. */
  readonly #turns = new Map<string, Promise<void>>();
  #watch: ReturnType<typeof setTimeout> | undefined;

  private constructor(client: Client, url: string, lost: PromiseWithResolvers<string>) {
    this.#client = client;
    this.database = Number(new URL(url).pathname.slice(1));
    this.lost = lost.promise;
    this.#lose = (reason) => {
      clearTimeout(this.#watch);
      lost.resolve(reason); // first, as the client tells that it ends, and that is no reason
      if (client.isOpen) client.destroy();
    };
  }

  /**
   * Connects, and logs in if the URL says so.
   *
   * @param url Where Redis is; its password is in no error.
   * @throws {Error} If Redis cannot be reached, does not answer, or does not let us in.
   */
  static async connect(url: string): Promise<RedisClient> {
    const lost = Promise.withResolvers<string>();
    const client = newClient(url);
    const redis = new RedisClient(client, url, lost);
    client.on("error", (error) => redis.lose(reasonOf(error)));
    client.on("end", () => redis.lose("connection closed"));
    const late = () => redis.lose(`no answer within ${CONNECT_TIMEOUT_MS} ms`);
    const timer = setTimeout(late, CONNECT_TIMEOUT_MS);
    try {
      await Promise.race([greet(client), lost.promise.then((reason) => fail(reason))]);
    } catch (error) {
      redis.lose(reasonOf(error));
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return redis;
  }

  /** Begins to try the connection every second: one that hangs is lost. */
  watch(): void {
    this.#watch = setTimeout(async () => {
      const late = () => this.lose(`no answer within ${PING_TIMEOUT_MS} ms`);
      this.#watch = setTimeout(late, PING_TIMEOUT_MS);
      try {
        await this.#client.ping();
        clearTimeout(this.#watch);
        this.watch();
      } catch (error) {
        this.lose(reasonOf(error));
      }
    }, PING_EVERY_MS);
  }

  /** Gives the connection up; what is under way on it fails. */
  lose(reason: string): void {
    this.#lose(reason);
  }

  /**
   * Runs a command.
   *
   * @throws {Error} If Redis refuses it or the connection is lost.
   */
  async run(command: readonly string[]): Promise<unknown> {
    try {
      return await this.#client.sendCommand([...command]);
    } catch (error) {
      if (error instanceof Error && WRONG_SERVER.test(error.message)) this.lose(error.message);
      throw error;
    }
  }

  /** Runs a script that takes no keys, sending its text only if Redis does not know it. */
  async script(text: string, args: readonly string[]): Promise<unknown> {
    const sha = createHash("sha1").update(text).digest("hex");
    try {
      return await this.run(["EVALSHA", sha, "0", ...args]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await this.run(["EVAL", text, "0", ...args]);
    }
  }

  /** Listens to a channel, from when this resolves on. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    return this.#inTurn(channel, () => this.#client.subscribe(channel, listener));
  }

  /** Listens to a channel no more. The listener must be the one that was given. */
  unsubscribe(channel: string, listener: (message: string) => void): Promise<void> {
    return this.#inTurn(channel, () => this.#client.unsubscribe(channel, listener));
  }

  /** Does one thing after the other: the library forgets or keeps listeners if they overlap. */
  #inTurn(channel: string, action: () => Promise<void>): Promise<void> {
    const earlier = this.#turns.get(channel)?.catch(() => {}); // whoever asked for it is told
    const turn = earlier === undefined ? action() : earlier.then(action);
    this.#turns.set(channel, turn);
    const tidy = () => {
      if (this.#turns.get(channel) === turn) this.#turns.delete(channel);
    };
    turn.then(tidy, tidy);
    return turn;
  }
}

type Client = ReturnType<typeof newClient>;

function newClient(url: string) {
  return createClient({
    url,
    RESP: 2, // answers are lists, whatever the server can do beyond that
    disableOfflineQueue: true,
    commandOptions: { timeout: 0 }, // the library's own only counts until a command is written
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
  });
}

/** Connects, and asks for one answer: a Redis that wants a login or still loads lets anybody in. */
async function greet(client: Client): Promise<void> {
  await client.connect();
  await client.ping();
}

/** Returns what an error says, for people; it holds no secret. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

function fail(reason: string): never {
  throw new Error(reason);
}
