/**
 * Tests of the real program with several threads, with the permissions of its task.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { RedisServer, redisTest } from "../redis/setup.ts";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";

const TOKEN = "the-publish-token-of-the-tests";

/** The program with two threads, and what it needs. */
interface Setup extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly ops: string;
  /** Connects a client and subscribes it to a topic. */
  connect(): Promise<Client>;
}

async function setUp(env: Readonly<Record<string, string>> = {}): Promise<Setup> {
  const stack = new AsyncDisposableStack();
  const directus = stack.use(startDirectus());
  const server = stack.use(
    await ServerProcess.spawn({
      DIRECTUS_BASE_URL: directus.url,
      LIVE_TOPICS: "event=events",
      LIVE_PUBLISH_TOKEN: TOKEN,
      LIVE_THREADS: "2",
      INSTANCE_ID: "all",
      LOG_LEVEL: "DEBUG",
      ...env,
    }),
  );
  await server.line("threads started");
  const cookie = directus.directus.session("ada@example.com");
  const { live, ops } = await server.ports();
  return {
    server,
    ops: `http://127.0.0.1:${ops}`,
    async connect() {
      const client = stack.use(await Client.connect(`ws://127.0.0.1:${live}`, { cookie }));
      assertEquals((await client.next()).instance, "all");
      await client.subscribe("event:1");
      return client;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Connects clients until each thread has one. */
async function connectToAll({ server, connect }: Setup): Promise<Client[]> {
  const clients: Client[] = [];
  const threads = () => new Set(opened().map(({ thread }) => thread));
  const opened = () => server.log.filter(({ message }) => message === "connection opened");
  while (threads().size < 2) {
    clients.push(await connect());
    await server.line("connection opened", clients.length);
    assert(clients.length < 30); // 1 in 2^29 for a fair system
  }
  return clients;
}

async function publish(ops: string, data: number): Promise<number> {
  const { status, body } = await fetch(`${ops}/publish`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ topic: "event:1", data }),
  });
  await body?.cancel();
  return status;
}

Deno.test("main.ts: two threads share a port, the topics and one ops listener", async () => {
  await using setup = await setUp();
  const clients = await connectToAll(setup);
  const ready = await fetch(`${setup.ops}/readyz`);
  assertEquals([ready.status, await ready.json()], [200, { status: "ready" }]);

  for (const data of [1, 2, 3]) assertEquals(await publish(setup.ops, data), 200);

  for (const client of clients) {
    const messages = await client.take(3);
    assertEquals(messages.map(({ offset, data }) => [offset, data]), [[1, 1], [2, 2], [3, 3]]);
  }
  const metrics = await (await fetch(`${setup.ops}/metrics`)).text();
  assertMatch(metrics, new RegExp(`^processor_live_connections ${clients.length}$`, "m"));
  assertMatch(metrics, /^processor_live_published_total 3$/m);
  assertMatch(metrics, /^processor_live_topics 1$/m);
});

Deno.test("main.ts: two threads drain on one signal, and the program ends with 0", async () => {
  await using setup = await setUp();
  const clients = await connectToAll(setup);

  setup.server.kill("SIGTERM");

  for (const client of clients) {
    const { code, reason } = await client.outcome();
    assertEquals(code, 1001);
    assertMatch(reason, /^server shutting down; retry in \d+$/);
  }
  assertEquals((await setup.server.ended).code, 0);
});

redisTest("main.ts: two threads and another instance share topics through Redis", async () => {
  await using redis = await RedisServer.start();
  await using setup = await setUp({ REDIS_URL: redis.url });
  await using directus = startDirectus();
  await using other = await ServerProcess.spawn({
    DIRECTUS_BASE_URL: directus.url,
    LIVE_PUBLISH_TOKEN: TOKEN,
    REDIS_URL: redis.url,
  });
  await other.line("redis reached");
  await setup.server.line("redis reached");
  const clients = await connectToAll(setup);

  assertEquals(await publish(`http://127.0.0.1:${(await other.ports()).ops}`, 1), 200);

  for (const client of clients) assertEquals((await client.next()).data, 1);
  const metrics = await (await fetch(`${setup.ops}/metrics`)).text();
  assertMatch(metrics, /^processor_live_redis_up 1$/m);
});
