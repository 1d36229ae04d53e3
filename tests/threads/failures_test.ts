/**
 * Threads that end, hang, or cannot start. Real workers, real sockets.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Client } from "../support/client.ts";
import { cookieOf } from "../support/authorities.ts";
import { Threads } from "./setup.ts";

Deno.test("a thread that ends is replaced, and its clients resume without a gap", async () => {
  await using threads = await Threads.start();
  const [victim, witness] = await threads.connectToBoth();
  const { epoch } = await victim.subscribe("event:1");
  await witness.subscribe("event:1");
  await threads.live.publish([{ topic: "event:1", data: 1 }]);
  assertEquals([(await victim.next()).data, (await witness.next()).data], [1, 1]);

  threads.kill(1);

  assertEquals((await victim.outcome()).code, 0); // it broke
  await threads.logger.line("thread ended; replacing it");
  await threads.live.publish([{ topic: "event:1", data: 2 }]);
  assertEquals((await witness.next()).data, 2); // the other thread continues
  assertEquals(threads.live.readiness, "ready");
  await threads.line("live listener started", 3); // the successor
  const url = `ws://127.0.0.1:${threads.port}`;
  await using again = await Client.connect(url, { cookie: cookieOf("ada") });
  assertEquals((await again.next()).type, "welcome");
  again.send({ type: "subscribe", topic: "event:1", since: { epoch, offset: 1 } });
  const { recovered, messages } = await again.next();
  assertEquals([recovered, messages.length, messages[0].data], [true, 1, 2]);
  assertEquals(threads.workers.length, 3);
  await witness[Symbol.asyncDispose]();
});

Deno.test("a thread that hangs is reported by onLost; clients of other threads are served and drained", async () => {
  using time = new FakeTime(); // only of the main thread; the other threads have the real time
  const lost: unknown[] = [];
  await using threads = await Threads.start({ onLost: (error) => lost.push(error) });
  const [victim, witness] = await threads.connectToBoth();
  await witness.subscribe("event:1");

  using hang = threads.hang(1);
  for (let i = 1; i <= 16; i++) { // pings that are not answered
    time.tick(2_000);
    await threads.live.publish([{ topic: "event:1", data: i }]);
    assertEquals((await witness.next()).data, i); // the ping has reached its thread, too
  }

  assertEquals(lost.map(String), ["Error: thread 1 hangs: its event loop stands still"]);
  assertEquals(threads.live.readiness, "ready"); // until it is stopped
  assertEquals(await threads.live.stop(1_000), { stragglers: 0 });
  assertEquals((await witness.outcome()).code, 1001);
  hang.end();
  assertEquals((await victim.outcome()).code, 0); // in this test the thread resumes, so that it can be ended
});

Deno.test("a thread that ends gives up its places and gauges, and no counter falls", async () => {
  await using threads = await Threads.start({ maxConnectionsPerUser: 2 });
  const [victim, witness] = await threads.connectToBoth();
  await threads.live.measure();
  const { gauges } = threads.metrics;
  const { upgrades } = threads.metrics;
  assertEquals(gauges.connections, 2);
  const before = upgrades.length;

  threads.kill(1);
  await victim.outcome();
  await threads.logger.line("thread ended; replacing it");

  assertEquals(gauges.connections, 1);
  assert(upgrades.length >= before);
  await threads.line("live listener started", 3); // the successor
  const { client } = await threads.connect(); // there is a free place again
  await client[Symbol.asyncDispose]();
  await witness[Symbol.asyncDispose]();
});

Deno.test("a server with threads does not start on a port that is taken", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;

  await assertRejects(
    () => Threads.start({ port }),
    Deno.errors.AddrInUse,
    `Cannot start the live listener as the port is taken: 127.0.0.1:${port}`,
  );
});
