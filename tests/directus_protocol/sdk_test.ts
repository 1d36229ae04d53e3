/**
 * Tests with Directus's SDK, unmodified, of what happens when the server restarts, and of how the SDK
 * authenticates. The delays are those of the SDK: it comes back after one second.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Message } from "../support/client.ts";
import { Queue } from "../support/queue.ts";
import { SdkApp } from "./sdk_setup.ts";
import { Setup } from "./setup.ts";

/** The SDK waits for a message with a timer of one second, and leaves it behind when the socket closes. */
const SDK_TIMERS = { sanitizeOps: false, sanitizeResources: false } as const;

const OK = { type: "auth", status: "ok" };
const QUERY = { fields: ["id", "title"] } as const;

/** Subscribes to `tasks`; the queue has what the SDK's iterator yields, and ends with it. */
async function listen({ client }: SdkApp): Promise<Queue<Message>> {
  const { subscription } = await client.subscribe("tasks", { query: QUERY, uid: "list" });
  const yielded = new Queue<Message>();
  (async () => {
    for await (const message of subscription) yielded.push(message);
    yielded.push("ended");
  })();
  return yielded;
}

const message = (event: string, data: unknown) => ({
  type: "subscription",
  event,
  data,
  uid: "list",
});

Deno.test("the SDK reconnects after a restart, and continues", SDK_TIMERS, async () => {
  await using setup = await Setup.start();
  await using app = new SdkApp({ url: setup.url, token: setup.token() });
  const id = setup.add({ title: "before" });
  await app.client.connect();
  const yielded = await listen(app);
  await app.received.next();
  await app.received.next();
  await yielded.next();
  app.sent.length = 0;

  const restarted = setup.restart();
  app.onConnecting = () => restarted;
  const frames = [];
  for (let n = 0; n < 4; n++) frames.push(await app.received.next());
  const inits = [await yielded.next(), await yielded.next()];
  const second = await setup.create({ title: "after" });

  const init = message("init", [{ id, title: "before" }]);
  assertEquals(app.sent.map(({ type }) => type), ["auth", "subscribe", "subscribe"]);
  assertEquals(frames, [{ type: "closed" }, OK, init, init]);
  assertEquals(inits, [init, init]);
  assertEquals(await yielded.next(), message("create", [{ id: second, title: "after" }]));
});

Deno.test(
  "after a longer outage the SDK reconnects with its handlers, but ends its iterators",
  SDK_TIMERS,
  async () => {
    await using setup = await Setup.start();
    await using app = new SdkApp({ url: setup.url, token: setup.token() });
    const handled = new Queue<Message>();
    app.client.onWebSocket("message", (message) => handled.push(message));
    await app.client.connect();
    const yielded = await listen(app);
    await handled.next();
    const init = message("init", []);
    const first = [await handled.next(), await yielded.next()];

    let attempts = 0;
    const refused = Promise.withResolvers<void>();
    const restarted = setup.restart(() => refused.promise);
    app.onConnecting = async () => {
      if (++attempts > 1) await restarted;
    };
    app.client.onWebSocket("error", () => refused.resolve());
    const end = await yielded.next();
    const later = [await handled.next(), await handled.next()];
    const id = await setup.create({ title: "after" });

    assertEquals([first, end, later], [[init, init], "ended", [OK, init]]);
    assertEquals(attempts, 2);
    assertEquals(app.log.filter((line) => line.includes("trying again")).length, 2);
    assertEquals(await handled.next(), message("create", [{ id, title: "after" }]));
    assertEquals(yielded.size, 0);
  },
);

Deno.test(
  "an app that starts its loop again at each end returns after any outage",
  SDK_TIMERS,
  async () => {
    await using setup = await Setup.start();
    const options = { url: setup.url, token: setup.token(), reconnects: false };
    const refused = Promise.withResolvers<void>();
    const events: unknown[] = [];
    let restarted: Promise<void> | undefined;

    for (let attempt = 1; attempt <= 3; attempt++) {
      await using app = new SdkApp(options);
      if (attempt === 3) await restarted;
      try {
        await app.client.connect();
        const { subscription } = await app.client.subscribe("tasks", { uid: "list", query: QUERY });
        for await (const { event } of subscription) {
          events.push(event);
          if (attempt === 3) break;
          restarted = setup.restart(() => refused.promise);
        }
        events.push("ended");
      } catch {
        events.push("refused");
        refused.resolve();
      }
    }

    assertEquals(events, ["init", "ended", "refused", "init", "ended"]);
  },
);

Deno.test("in the SDK's public mode a session cookie is enough", SDK_TIMERS, async () => {
  await using setup = await Setup.start();
  const cookie = setup.directus.session("ada");
  await using app = new SdkApp({ url: setup.url, cookie, authMode: "public" });
  const id = setup.add({ title: "a" });

  await app.client.connect();
  const yielded = await listen(app);
  const init = await yielded.next();

  assertEquals(app.sent.map(({ type }) => type), ["subscribe"]);
  assertEquals(init, message("init", [{ id, title: "a" }]));
});

Deno.test(
  "in the SDK's public mode a client without a session is refused, and does not come back",
  SDK_TIMERS,
  async () => {
    await using setup = await Setup.start();
    await using app = new SdkApp({ url: setup.url, authMode: "public" });

    await app.client.connect();
    const yielded = await listen(app);
    const frames = [await app.received.next(), await app.received.next()];

    const error = { code: "AUTH_FAILED", message: "Authentication handshake failed." };
    assertEquals(frames, [{ type: "auth", status: "error", error }, { type: "closed" }]);
    assertEquals(await yielded.next(), "ended");
    assertEquals(app.log.filter((line) => line.includes("reconnect")), []);
  },
);

Deno.test(
  "the SDK connects and subscribes while Directus takes long to check its token",
  SDK_TIMERS,
  async () => {
    await using setup = await Setup.start();
    const { promise, resolve } = Promise.withResolvers<void>();
    setup.answering = promise;
    await using app = new SdkApp({ url: setup.url, token: setup.token() });
    const id = setup.add({ title: "a" });

    await app.client.connect();
    const yielded = await listen(app);
    resolve();

    assertEquals(await app.received.next(), OK);
    assertEquals(await yielded.next(), message("init", [{ id, title: "a" }]));
  },
);
