/**
 * The client against the real server, over real sockets.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Message } from "../../live/client/mod.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { startLive } from "../support/live.ts";
import { Queue, Watch } from "../support/queue.ts";
import { RealClient, Relay } from "./real_server_setup.ts";

Deno.test("LiveClient gets the welcome, the snapshot and live messages", async () => {
  await using live = await startLive();
  await live.publishAll({ topic: "event:1", key: "a", data: 1 });
  await using client = new RealClient(live.ws);
  const messages = client.live.subscribe("event:1")[Symbol.asyncIterator]();

  const state = await client.until("open");
  assert(state.phase === "open");
  assertEquals(state.welcome.user?.id, "ada");
  const first = await messages.next();
  await live.publish("event:1", 2);

  assertEquals(first.value?.data, 1);
  assertEquals((await messages.next()).value, {
    type: "message",
    topic: "event:1",
    offset: 2,
    data: 2,
  } as Message);
});

for (const how of ["the server closes with 1008", "the network is cut"] as const) {
  Deno.test(`LiveClient gets each message once, though ${how} repeatedly`, async () => {
    await using live = await startLive();
    await using relay = new Relay(live.port);
    await using client = new RealClient(`ws://127.0.0.1:${relay.port}`);
    const received: unknown[] = [];
    const starts: boolean[] = [];
    const changed = new Watch();
    client.live.subscribe("event:1", {
      onMessage({ data }) {
        received.push(data);
        changed.changed();
      },
      onStart({ recovered }) {
        starts.push(recovered);
        changed.changed();
      },
    });
    await changed.until(() => starts.length === 1);
    let published = 0;

    for (let round = 1; round <= 5; round++) {
      for (let count = 0; count < 10; count++) await live.publish("event:1", ++published);
      if (how === "the network is cut") relay.cut();
      else live.connections.at(-1)?.end(1008, "back-pressure threshold exceeded");
      for (let count = 0; count < 10; count++) await live.publish("event:1", ++published);
      await changed.until(() => starts.length > round);
    }
    await changed.until(() => received.length >= published);

    assertEquals(received, Array.from({ length: 100 }, (_, index) => index + 1));
    assertEquals(starts, [false, true, true, true, true, true]);
  });
}

Deno.test("LiveClient replaces a connection whose network drops everything", async () => {
  using time = new FakeTime();
  await using live = await startLive();
  await using relay = new Relay(live.port);
  await using client = new RealClient(`ws://127.0.0.1:${relay.port}`);
  const notes = new Queue<string>();
  client.live.subscribe("event:1", {
    onStart: ({ recovered }) => notes.push(`recovered: ${recovered}`),
    onMessage: ({ data }) => notes.push(`message ${data}`),
  });
  assertEquals(await notes.next(), "recovered: false");

  relay.drop();
  await live.publish("event:1", "dropped");
  time.tick(40_000);
  time.next(); // the delay before the next attempt

  assertEquals(await notes.next(), "recovered: true");
  assertEquals(await notes.next(), "message dropped");
  relay.cut();
});

Deno.test("LiveClient starts over with a server that was restarted", async () => {
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await startLive());
  const client = stack.use(new RealClient(first.ws));
  const notes = new Queue<string>();
  client.live.subscribe("event:1", {
    onStart: ({ recovered }) => notes.push(`recovered: ${recovered}`),
    onMessage: ({ data }) => notes.push(`message ${data}`),
  });
  assertEquals(await notes.next(), "recovered: false");
  await first.publish("event:1", "old");
  assertEquals(await notes.next(), "message old");

  await first.stop();
  const state = await client.until("waiting");
  assertEquals([state.phase === "waiting" && state.code], [1001]);
  const second = stack.use(await startLive({ options: { port: first.port } }));
  await second.publishAll({ topic: "event:1", key: "a", data: "new" });
  client.live.retry();

  assertEquals(await notes.next(), "recovered: false");
  assertEquals(await notes.next(), "message new");
});

Deno.test("LiveClient resumes in the middle of a snapshot of several frames", async () => {
  await using live = await startLive();
  await using relay = new Relay(live.port);
  const data = "x".repeat(4_096);
  const keys = Array.from({ length: 200 }, (_, index) => `car-${index}`);
  await live.publishAll(...keys.map((key) => ({ topic: "event:1", key, data })));
  await live.publishAll({ topic: "event:1", key: "car-0", removed: true });
  await using client = new RealClient(`ws://127.0.0.1:${relay.port}`);
  const held = new Set<string | undefined>();
  const starts: boolean[] = [];
  let messages = 0;
  const changed = new Watch();
  const follow = () =>
    client.live.subscribe("event:1", {
      onStart({ recovered }) {
        starts.push(recovered);
        if (!recovered) held.clear();
      },
      onMessage({ key, removed }) {
        if (removed) held.delete(key);
        else held.add(key);
        if (++messages === 50) relay.cut();
        changed.changed();
      },
    });
  follow();
  await changed.until(() => held.size === 199);
  held.clear();

  follow();
  await live.publishAll({ topic: "event:1", key: "car-1", removed: true });
  await changed.until(() => held.size === 198);

  assertEquals(starts, [false, true, false]);
  assertEquals([...held], keys.slice(2));
});

Deno.test("LiveClient ends a subscription that is forbidden, and keeps the others", async () => {
  await using live = await startLive();
  await using client = new RealClient(live.ws);
  const ended = Promise.withResolvers<string | number>();
  client.live.subscribe("secret:1", { onError: ({ code }) => ended.resolve(code) });
  const messages = client.live.subscribe("event:1")[Symbol.asyncIterator]();
  const next = messages.next();

  assertEquals(await ended.promise, "forbidden");
  await live.metrics.until(({ gauges }) => gauges.subscriptions === 1);
  await live.publish("event:1", 1);

  assertEquals((await next).value?.data, 1);
});

Deno.test("LiveClient reads why its upgrade was refused", async () => {
  const authority = fakeAuthority({
    authenticate: () => Promise.resolve({ kind: "unauthorized" }),
  });
  await using live = await startLive({ authority });
  await using client = new RealClient(live.ws);

  assertEquals(await client.until("closed"), {
    phase: "closed",
    reason: "no valid session",
    code: 4501,
  });
});

Deno.test("LiveClient unsubscribes on the wire with its last subscription", async () => {
  await using live = await startLive();
  await using client = new RealClient(live.ws);
  const [first, second] = [client.live.subscribe("event:1"), client.live.subscribe("event:1")];
  await live.metrics.until(({ gauges }) => gauges.subscriptions === 1);

  first.unsubscribe();
  second.unsubscribe();

  await live.metrics.until(({ gauges }) => gauges.subscriptions === 0);
  assertEquals(live.metrics.gauges.connections, 1);
});

Deno.test("LiveClient probes the server, which does not ask the authority about it", async () => {
  const authority = fakeAuthority();
  await using live = await startLive({ authority });
  const answers = new Queue<string>();
  await using client = new RealClient(live.ws, {
    webSocket(url) {
      const socket = new WebSocket(url, { headers: { cookie: cookieOf("ada") } });
      socket.addEventListener("message", ({ data }) => answers.push(JSON.parse(data).type));
      return socket;
    },
  });
  await client.until("open");
  await answers.next();

  globalThis.dispatchEvent(new Event("online"));

  assertEquals(await answers.next(), "pong");
  assertEquals(client.live.state.phase, "open");
  assertEquals(authority.asked, ["authenticate ada"]);
});
