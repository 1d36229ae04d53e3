/**
 * Several processes of the real server on one port.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { RedisServer, redisTest } from "../redis/setup.ts";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";

const TOKEN = "the-publish-token-of-the-tests";
const COUNT = 2;

interface Setup extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly ops: string;
  /** Connects a client and subscribes it to a topic; resolves to the client and its process. */
  connect(): Promise<{ client: Client; instance: unknown }>;
}

async function setUp(): Promise<Setup> {
  const stack = new AsyncDisposableStack();
  const redis = stack.use(await RedisServer.start());
  const directus = stack.use(startDirectus());
  const server = stack.use(
    await ServerProcess.spawn({
      DIRECTUS_BASE_URL: directus.url,
      LIVE_TOPICS: "event=events",
      LIVE_PUBLISH_TOKEN: TOKEN,
      LIVE_PROCESSES: `${COUNT}`,
      REDIS_URL: redis.url,
      INSTANCE_ID: "all",
    }),
  );
  await server.line("processes started");
  await server.line("redis reached", COUNT);
  const cookie = directus.directus.session("ada@example.com");
  const { live, ops } = await server.ports();
  return {
    server,
    ops: `http://127.0.0.1:${ops}`,
    async connect() {
      const client = stack.use(await Client.connect(`ws://127.0.0.1:${live}`, { cookie }));
      const { instance } = await client.next();
      await client.subscribe("event:1");
      return { client, instance };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Connects clients until each process has one. */
async function connectToAll({ connect }: Setup): Promise<Client[]> {
  const clients: Client[] = [];
  const instances = new Set<unknown>();
  while (instances.size < COUNT) {
    const { client, instance } = await connect();
    instances.add(instance);
    clients.push(client);
    assert(clients.length < 30, `only ${[...instances]}`); // 1 in 2^29 for a fair system
  }
  assertEquals([...instances].toSorted(), ["all-0", "all-1"]);
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

redisTest("main.ts: two processes share a port, the topics and one ops listener", async () => {
  await using setup = await setUp();
  const clients = await connectToAll(setup);

  for (const data of [1, 2, 3]) assertEquals(await publish(setup.ops, data), 200);

  for (const client of clients) {
    const messages = [await client.next(), await client.next(), await client.next()];
    assertEquals(messages.map(({ offset, data }) => [offset, data]), [[1, 1], [2, 2], [3, 3]]);
  }
  const metrics = await (await fetch(`${setup.ops}/metrics`)).text();
  assertMatch(metrics, new RegExp(`^processor_live_connections ${clients.length}$`, "m"));
  assertMatch(metrics, /^processor_live_published_total 3$/m);
  assertMatch(metrics, /^processor_live_redis_up 1$/m);
});

redisTest("main.ts: two processes drain on one signal, and end with 0", async () => {
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

redisTest("main.ts: processes do not outlive their parent", async () => {
  await using setup = await setUp();
  const clients = await connectToAll(setup);

  setup.server.kill("SIGKILL");

  for (const client of clients) assertEquals((await client.outcome()).code, 1001);
});
