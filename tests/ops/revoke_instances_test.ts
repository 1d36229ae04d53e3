/**
 * Revoking across instances, composed as in `main.ts`.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { readConfig } from "../../live/config/read_config.ts";
import { type Application, compose } from "../../live/application.ts";
import { Client } from "../support/client.ts";
import { type ListeningDirectus, startDirectus } from "../support/directus.ts";
import { RedisServer, redisTest, type Reply } from "../support/redis_server.ts";

const TOKEN = "the-publish-token-of-the-tests";
const REVOKED = { code: 4503, reason: "revoked by the operator" };

/** One instance of the server. */
class Instance implements AsyncDisposable {
  readonly #application: Application;
  #live = 0;
  #ops = 0;

  private constructor(application: Application) {
    this.#application = application;
  }

  /** Starts one; resolves once it is ready. */
  static async start(
    { url }: Pick<ListeningDirectus, "url">,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Instance> {
    const result = readConfig({
      DIRECTUS_BASE_URL: url,
      LIVE_WS_HOST: "127.0.0.1",
      LIVE_WS_PORT: "0",
      OPS_PORT: "0",
      LIVE_PUBLISH_TOKEN: TOKEN,
      LIVE_TOPICS: "event=events",
      LOG_LEVEL: "ERROR",
      ...env,
    });
    if (!result.ok) throw new Error(result.faults.join());
    const instance = new Instance(compose(result.config));
    const { live, ops } = await instance.#application.start();
    instance.#live = live.port;
    instance.#ops = ops.port;
    return instance;
  }

  /** Connects a session and subscribes it to a topic. */
  async connect(cookie: string, topic: string): Promise<Client> {
    const client = await Client.connect(`ws://127.0.0.1:${this.#live}`, { cookie });
    assertEquals((await client.next()).type, "welcome");
    const answer = await client.subscribe(topic);
    assertEquals(answer.type, "subscribed", JSON.stringify(answer));
    return client;
  }

  /** Makes a call of the operator. */
  // deno-lint-ignore no-explicit-any -- a test asserts its whole shape
  async post(path: string, body: unknown): Promise<[status: number, json: any]> {
    const response = await fetch(`http://127.0.0.1:${this.#ops}${path}`, {
      method: "POST",
      headers: { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return [response.status, await response.json()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#application.stop(2_000);
  }
}

/** Resolves once the instances receive revocations and can publish. */
async function ready(redis: RedisServer, ...instances: readonly Instance[]): Promise<void> {
  for (let reply: Reply = null; !Array.isArray(reply) || reply[1] !== instances.length;) {
    reply = await redis.command("PUBSUB", "NUMSUB", "live:{control}:0");
  }
  for (const instance of instances) {
    for (let status = 0; status !== 200;) [status] = await instance.post("/publish", []);
  }
}

Deno.test("POST /revoke closes a user's connections on the only instance", async () => {
  await using directus = startDirectus();
  await using instance = await Instance.start(directus);
  const cookie = directus.directus.session("ada-id");
  await using client = await instance.connect(cookie, "event:1");

  const answer = await instance.post("/revoke", { user: "ada-id" });

  assertEquals(answer, [200, { closed: 1, asked: 0, withdrawn: 0 }]);
  assertEquals(await client.closed, REVOKED);
});

Deno.test("POST /directus reaches the subscribers of the item", async () => {
  await using directus = startDirectus();
  await using instance = await Instance.start(directus);
  await using client = await instance.connect(directus.directus.session("ada-id"), "event:1");

  const [status] = await instance.post("/directus", {
    event: "events.items.update",
    payload: { title: "Now" },
    keys: ["1"],
    collection: "events",
  });

  assertEquals(status, 200);
  const { offset, key, data } = await client.next();
  assertEquals([offset, key, data], [1, "item", { event: "update" }]);
});

redisTest("POST /revoke on one instance closes a user's connections on the other", async () => {
  await using redis = await RedisServer.start();
  await using directus = startDirectus();
  await using first = await Instance.start(directus, { REDIS_URL: redis.url });
  await using second = await Instance.start(directus, { REDIS_URL: redis.url });
  await ready(redis, first, second);
  const cookie = directus.directus.session("ada-id");
  await using here = await first.connect(cookie, "event:1");
  await using there = await second.connect(cookie, "event:1");
  await using other = await second.connect(directus.directus.session("bob-id"), "news:1");

  const answer = await first.post("/revoke", { user: "ada-id" });

  assertEquals(answer, [200, { closed: 1, asked: 0, withdrawn: 0 }]);
  assertEquals(await here.closed, REVOKED);
  assertEquals(await there.closed, REVOKED);
  await first.post("/publish", { topic: "news:1", data: "on" });
  assertEquals((await other.next()).data, "on");
  const keys = JSON.stringify(await redis.command("XRANGE", "live:{control}:stream", "-", "+"));
  assertEquals(keys.includes(cookie.split("=")[1] ?? ""), false);
});

redisTest("POST /revoke of a topic on one instance checks rights on the other", async () => {
  await using redis = await RedisServer.start();
  await using directus = startDirectus();
  await using first = await Instance.start(directus, { REDIS_URL: redis.url });
  await using second = await Instance.start(directus, { REDIS_URL: redis.url });
  await ready(redis, first, second);
  await using client = await second.connect(directus.directus.session("ada-id"), "event:1");
  directus.directus.deny("ada-id", "events", 1);

  const answer = await first.post("/revoke", { topic: "event:*" });

  assertEquals(answer, [200, { closed: 0, asked: 0, withdrawn: 0 }]);
  const gone = { type: "unsubscribed", topic: "event:1", reason: "forbidden" };
  assertEquals(await client.next(), gone);
});

redisTest("POST /revoke without Redis acts on its own instance, and is 503", async () => {
  await using redis = await RedisServer.start();
  await using directus = startDirectus();
  await using instance = await Instance.start(directus, { REDIS_URL: redis.url });
  await ready(redis, instance);
  await using client = await instance.connect(directus.directus.session("ada-id"), "event:1");
  await redis.kill();

  const [status, { error, ...counts }] = await instance.post("/revoke", { user: "ada-id" });

  assertEquals([status, counts], [503, { closed: 1, asked: 0, withdrawn: 0 }]);
  assertStringIncludes(error, "Other instances may not have done it: ");
  assertEquals(await client.closed, REVOKED);
});
