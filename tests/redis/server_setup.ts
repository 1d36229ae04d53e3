/**
 * The server as a process, on any kind of Redis.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";
import { STREAM } from "./ingest_setup.ts";

const TOKEN = "the-publish-token-of-the-tests";

/** The log message if JSR cannot be reached. */
const STAND_INS = "stand-ins of @std are in use";

/** Topics of all masters of a cluster of three. */
export const TOPICS = Array.from({ length: 9 }, (_, i) => `event:${i + 1}`);

/** An answer of the ops listener. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  // deno-lint-ignore no-explicit-any -- a test asserts its whole shape
  readonly json: any;
}

/** A server process whose topics, revocations and ingest are in a Redis. */
export class RedisUser implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly #stack: AsyncDisposableStack;
  readonly #ops: number;
  readonly #live: number;
  readonly #cookie: string;

  private constructor(
    stack: AsyncDisposableStack,
    server: ServerProcess,
    ports: { live: number; ops: number },
    cookie: string,
  ) {
    this.#stack = stack;
    this.server = server;
    this.#live = ports.live;
    this.#ops = ports.ops;
    this.#cookie = cookie;
  }

  /** Starts a server. */
  static async start(redisUrl: string, env: Record<string, string> = {}): Promise<RedisUser> {
    const stack = new AsyncDisposableStack();
    const { directus, url } = stack.use(startDirectus());
    const server = stack.use(
      await ServerProcess.spawn({
        DIRECTUS_BASE_URL: url,
        LIVE_TOPICS: "event=many",
        LIVE_PUBLISH_TOKEN: TOKEN,
        REDIS_URL: redisUrl,
        REDIS_INGEST_STREAM: STREAM,
        ...env,
      }),
    );
    return new RedisUser(
      stack,
      server,
      await server.ports(),
      directus.session("ada@example.com"),
    );
  }

  /** Calls the ops listener. */
  async ask(path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.#ops}${path}`, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      headers: { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" },
    });
    const retryAfter = response.headers.get("retry-after");
    return { status: response.status, retryAfter, json: await response.json() };
  }

  /** Publishes a message on each of some topics in one call. */
  publish(...topics: readonly string[]): Promise<Answer> {
    return this.ask("/publish", topics.map((topic) => ({ topic, key: "k", data: 1 })));
  }

  /** Resolves to the answer of `/readyz` once it has this status. */
  async readiness(status: "ready" | "degraded" | "cut off"): Promise<Answer> {
    for (;;) {
      const answer = await this.ask("/readyz");
      if (answer.json.status === status) return answer;
    }
  }

  /** Connects a client. */
  async connect(): Promise<Client> {
    const url = `ws://127.0.0.1:${this.#live}`;
    const client = this.#stack.use(await Client.connect(url, { cookie: this.#cookie }));
    assertEquals((await client.next()).type, "welcome");
    return client;
  }

  /**
   * Uses everything that needs Redis.
   *
   * @param add Adds an entry with these fields to the ingest stream.
   */
  async useAll(add: (...fields: string[]) => Promise<unknown>): Promise<void> {
    await this.readiness("ready");
    const client = await this.connect();
    for (const topic of TOPICS) assertEquals((await client.subscribe(topic)).type, "subscribed");
    assertEquals((await this.publish(...TOPICS)).status, 200);
    assertEquals((await client.take(TOPICS.length)).map(({ topic }) => topic).sort(), TOPICS);
    await add("topic", "event:1", "data", "7");
    const { topic, data } = await client.next();
    assertEquals([topic, data], ["event:1", 7]);
    assertEquals((await this.ask("/revoke", { user: "nobody" })).status, 200);
    const troubles = this.server.log.filter(({ level, message }) =>
      ["WARN", "ERROR"].includes(`${level}`) && message !== STAND_INS
    );
    assertEquals(troubles, []);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
