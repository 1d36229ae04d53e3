/**
 * Clients do not notice that several threads serve them. Real workers, real sockets.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fakeAuthority } from "../support/authorities.ts";
import { Threads } from "./setup.ts";

/** Publishes one message on a topic. */
async function publish({ live }: Threads, data: unknown): Promise<void> {
  await live.publish([{ topic: "event:1", data }]);
}

Deno.test("threads share topics: each client gets each message once, in order", async () => {
  await using threads = await Threads.start();
  const clients = await threads.connectToBoth();
  for (const client of clients) assertEquals((await client.subscribe("event:1")).offset, 0);

  for (const data of [1, 2, 3]) await publish(threads, data);

  for (const client of clients) {
    const messages = await client.take(3);
    assertEquals(messages.map(({ offset, data }) => [offset, data]), [[1, 1], [2, 2], [3, 3]]);
    await client[Symbol.asyncDispose]();
  }
});

Deno.test("a client resumes on another thread with the messages that it has missed", async () => {
  await using threads = await Threads.start();
  const [first, second] = await threads.connectToBoth();
  const { epoch } = await first.subscribe("event:1");
  await publish(threads, 1);
  assertEquals((await first.next()).offset, 1);
  await first[Symbol.asyncDispose]();
  await publish(threads, 2);

  second.send({ type: "subscribe", topic: "event:1", since: { epoch, offset: 1 } });

  const { recovered, messages } = await second.next();
  assertEquals([recovered, messages.map(({ data }: { data: number }) => data)], [true, [2]]);
  await second[Symbol.asyncDispose]();
});

Deno.test("the limit of a user's connections counts the connections of all threads", async () => {
  await using threads = await Threads.start({ maxConnectionsPerUser: 3 });
  const clients = [await threads.connect(), await threads.connect(), await threads.connect()];

  const refused = await Promise.allSettled(
    Array.from({ length: 8 }, () => threads.connect()),
  );

  assertEquals(refused.map(({ status }) => status), Array(8).fill("rejected"));
  await clients[0]?.client[Symbol.asyncDispose]();
  await threads.line("connection ended");
  const { client: again } = await threads.connect();
  for (const client of [again, ...clients.slice(1).map(({ client }) => client)]) {
    await client[Symbol.asyncDispose]();
  }
});

Deno.test("a burst of upgrades over all threads does not exceed the limit of connections", async () => {
  await using threads = await Threads.start({ maxConnections: 5 });
  const users = Array.from({ length: 20 }, (_, number) => `user-${number}`);

  const connected = await Promise.allSettled(users.map((user) => threads.connect(user)));

  const clients = connected.filter((result) => result.status === "fulfilled");
  assertEquals(clients.length, 5);
  for (const { value: { client } } of clients) await client[Symbol.asyncDispose]();
});

Deno.test("a revocation closes a user's connections in all threads", async () => {
  await using threads = await Threads.start();
  const clients = await threads.connectToBoth("ada");
  const { client: other } = await threads.connect("bob");

  assertEquals(await threads.live.revoke({ user: ["ada"] }), {
    closed: 2,
    asked: 0,
    withdrawn: 0,
  });

  for (const client of clients) assertEquals((await client.outcome()).code, 4503);
  await other.subscribe("event:1");
  await other[Symbol.asyncDispose]();
});

Deno.test("a revoked topic is checked again in all threads, bypassing the cache", async () => {
  let isAllowed = true;
  const authority = fakeAuthority({
    authorise: () => Promise.resolve({ kind: isAllowed ? "allowed" : "forbidden" }),
  });
  await using threads = await Threads.start({ authority });
  const clients = await threads.connectToBoth("ada");
  for (const client of clients) await client.subscribe("event:1");
  isAllowed = false;

  assertEquals(await threads.live.revoke({ topic: "event:1" }), {
    closed: 0,
    asked: 2,
    withdrawn: 2,
  });

  for (const client of clients) {
    assertEquals(await client.next(), {
      type: "unsubscribed",
      topic: "event:1",
      reason: "forbidden",
    });
    await client[Symbol.asyncDispose]();
  }
});

Deno.test("a drain closes the clients of all threads with 1001", async () => {
  await using threads = await Threads.start();
  const clients = await threads.connectToBoth();
  assertEquals(threads.live.readiness, "ready");

  const stopped = threads.live.stop(5_000);

  assertEquals(threads.live.readiness, "draining");
  for (const client of clients) {
    const { code, reason } = await client.outcome();
    assertEquals(code, 1001);
    assertMatch(reason, /^server shutting down; retry in \d+$/);
  }
  assertEquals(await stopped, { stragglers: 0 });
  await assertRejects(() => threads.connect());
});

Deno.test("the status shows the connections and topics of all threads", async () => {
  await using threads = await Threads.start();
  const clients = await threads.connectToBoth();
  for (const client of clients) await client.subscribe("event:1");
  await publish(threads, 1);
  for (const client of clients) await client.next();

  const status = await threads.live.status?.({
    limit: 10,
    topics: "event:",
    topicsBy: "subscribers",
    connections: "",
    connectionsBy: "oldest",
  });
  const content = await threads.live.content?.("event:1");

  assertEquals(status?.connections.total, 2);
  assertEquals(
    status?.topics.rows.map(({ name, subscribers, offset }) => [name, subscribers, offset]),
    [
      ["event:1", 2, 1],
    ],
  );
  assertEquals([content?.subscribers, content?.messages.map(({ json }) => json)], [2, ["1"]]);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("the metrics of all threads add up", async () => {
  await using threads = await Threads.start();
  const clients = await threads.connectToBoth();
  for (const client of clients) await client.subscribe("event:1");
  await publish(threads, 1);
  for (const client of clients) await client.next();

  await threads.live.measure();

  const { gauges } = threads.metrics;
  assertEquals([gauges.connections, gauges.subscriptions, gauges.topics], [2, 2, 1]);
  assert(gauges.historyBytes > 0);
  for (const client of clients) await client[Symbol.asyncDispose]();
});
