/**
 * The client against the real server, over real sockets.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { LiveClient } from "../../live/client/live_client.ts";
import type { ConnectOptions, LiveState, Message } from "../../live/client/mod.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { startLive } from "../support/live.ts";
import { Queue, turn, Watch } from "../support/queue.ts";
import { Relay } from "./relay.ts";

/** A client of the real server that comes back without delay, as the user `ada`. */
class RealClient implements AsyncDisposable {
  /** The states it was in. */
  readonly states = new Queue<LiveState>();
  /** The client. */
  readonly live: LiveClient;
  readonly #closed: Promise<void>[] = [];

  constructor(url: string, options: ConnectOptions = {}) {
    const headers = { cookie: cookieOf("ada") };
    this.live = new LiveClient(url, {
      webSocket: (url) => {
        const socket = new WebSocket(url, { headers });
        this.#closed.push(
          new Promise((resolve) => socket.addEventListener("close", () => resolve())),
        );
        return socket;
      },
      onState: (state) => this.states.push(state),
      ...options,
    }, { page: globalThis, random: () => 0 });
  }

  /** Resolves once it is in a phase. */
  async until(phase: LiveState["phase"]): Promise<LiveState> {
    let state = await this.states.next();
    while (state.phase !== phase) state = await this.states.next();
    return state;
  }

  /** Closes, and waits for all its sockets. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.live.close();
    await Promise.all(this.#closed);
  }
}

Deno.test("LiveClient is welcomed, and gets snapshot and messages", async () => {
  await using live = await startLive();
  await live.hub.publish([{ topic: "event:1", key: "a", data: "1" }]);
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
  Deno.test(`LiveClient gets each message once, though ${how} again and again`, async () => {
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

Deno.test("LiveClient begins anew with a server that was started again", async () => {
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
  await second.hub.publish([{ topic: "event:1", key: "a", data: '"new"' }]);
  client.live.retry();

  assertEquals(await notes.next(), "recovered: false");
  assertEquals(await notes.next(), "message new");
});

Deno.test("LiveClient serves a late subscription without taking from the first", async () => {
  await using live = await startLive();
  await using client = new RealClient(live.ws);
  const all: [number[], number[]] = [[], []];
  const read = [-1, -1];
  const changed = new Watch();
  const subscribe = (index: 0 | 1) =>
    client.live.subscribe("event:1", {
      onStart: ({ offset }) => {
        read[index] = index === 0 ? 0 : offset;
        changed.changed();
      },
      onMessage({ offset }) {
        all[index].push(offset);
        read[index] = offset;
        changed.changed();
      },
    });
  subscribe(0);
  await changed.until(() => read[0] === 0);
  await live.publish("event:1", 0);
  await changed.until(() => read[0] === 1);

  subscribe(1);
  for (let count = 2; count <= 50; count++) {
    await live.publish("event:1", 0);
    if (count % 10 === 0) await turn();
  }
  await changed.until(() => read[0] === 50 && read[1] === 50);

  assertEquals(all[0], Array.from({ length: 50 }, (_, index) => index + 1));
  assertEquals(all[1], all[0].slice(50 - all[1].length));
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

Deno.test("LiveClient can read why it was refused", async () => {
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

Deno.test("LiveClient unsubscribes on the wire with the last subscription", async () => {
  await using live = await startLive();
  await using client = new RealClient(live.ws);
  const [first, second] = [client.live.subscribe("event:1"), client.live.subscribe("event:1")];
  await live.metrics.until(({ gauges }) => gauges.subscriptions === 1);

  first.unsubscribe();
  second.unsubscribe();

  await live.metrics.until(({ gauges }) => gauges.subscriptions === 0);
  assertEquals(live.metrics.gauges.connections, 1);
});

Deno.test("LiveClient gets a sign of life from the server, which asks nobody for it", async () => {
  const authority = fakeAuthority();
  await using live = await startLive({ authority });
  const answers = new Queue<string>();
  await using client = new RealClient(live.ws, {
    webSocket(url) {
      const socket = new WebSocket(url, { headers: { cookie: cookieOf("ada") } });
      socket.addEventListener("message", ({ data }) => answers.push(JSON.parse(data).code));
      return socket;
    },
  });
  await client.until("open");
  await answers.next();

  globalThis.dispatchEvent(new Event("online"));

  assertEquals(await answers.next(), "bad-topic");
  assertEquals(client.live.state.phase, "open");
  assertEquals(authority.asked, ["authenticate ada"]);
});
