/**
 * Tests of views that clients of several threads share. Real workers, real sockets.
 *
 * @module
 */

import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Client } from "../support/client.ts";
import { FakeSource } from "../views/setup.ts";
import { Threads } from "./setup.ts";

const view = { collection: "events", query: {} };

interface Setup {
  readonly threads: Threads;
  readonly source: FakeSource;
  readonly ada: Client;
  readonly bob: Client;
}

/** Connects two users whose connections are in different threads. */
async function setUp(): Promise<Setup & AsyncDisposable> {
  const source = new FakeSource();
  source.list = "ab";
  const threads = await Threads.start({ viewSource: source, viewRefreshMs: 0 });
  const { client: ada, thread } = await threads.connect("ada");
  for (;;) {
    const { client: bob, thread: other } = await threads.connect("bob");
    if (other === thread) {
      await bob[Symbol.asyncDispose]();
      continue;
    }
    return {
      threads,
      source,
      ada,
      bob,
      async [Symbol.asyncDispose]() {
        await ada[Symbol.asyncDispose]();
        await bob[Symbol.asyncDispose]();
        await threads[Symbol.asyncDispose]();
      },
    };
  }
}

/** Returns the keys of messages. */
function keysOf(messages: readonly { key: string }[]): string {
  return messages.map(({ key }) => key).join("");
}

Deno.test("users of one class share a view over all threads, with one read", async () => {
  await using setup = await setUp();
  const { source, ada, bob, threads } = setup;
  const starts = [
    await ada.ask({ type: "subscribe", view }),
    await bob.ask({ type: "subscribe", view }),
  ];
  assertEquals(starts.map(({ messages }) => keysOf(messages)), ["ab", "ab"]);
  assertEquals(starts[0].topic, starts[1].topic);
  assertEquals(source.reads.length, 1);

  source.list = "abc";
  await threads.live.changed({ collection: "events", keys: ["c"] });

  for (const client of [ada, bob]) assertEquals((await client.next()).key, "c");
  assertEquals(source.reads.length, 2);
});

Deno.test("users of different classes have different views, in the same thread or not", async () => {
  await using setup = await setUp();
  const { source, ada, bob } = setup;
  source.classes.set("bob", "another");

  const [first, second] = [
    await ada.ask({ type: "subscribe", view }),
    await bob.ask({ type: "subscribe", view }),
  ];

  assertNotEquals(first.topic, second.topic);
  assertEquals(source.reads, ["ada", "bob"]);
});

Deno.test("a user whose rights end loses the view before anything more of it is sent", async () => {
  await using setup = await setUp();
  const { source, ada, bob, threads } = setup;
  const { topic } = await ada.ask({ type: "subscribe", view });
  await bob.ask({ type: "subscribe", view });
  source.classes.set("bob", { kind: "refused", code: "forbidden", reason: "no" });
  source.list = "abc";

  await threads.live.changed({ collection: "directus_permissions" });

  assertEquals(await bob.next(), { type: "unsubscribed", topic, reason: "forbidden" });
  assertEquals((await ada.next()).key, "c"); // published only after every member was checked
  const answer = await bob.ask({ type: "subscribe", view, id: "again" });
  assertEquals([answer.type, answer.code], ["error", "forbidden"]);
});

Deno.test("a view that cannot be opened is refused with the reason", async () => {
  await using setup = await setUp();
  const { source, ada } = setup;
  source.rows = { kind: "refused", code: "bad-view", reason: "no such field" };

  const { code, message } = await ada.ask({ type: "subscribe", view });

  assertEquals(code, "bad-view");
  assertStringIncludes(message, "no such field");
});

Deno.test("a view is not read any more after the thread of its only members has ended", async () => {
  await using setup = await setUp();
  const { source, ada, threads } = setup;
  await ada.ask({ type: "subscribe", view });
  const thread = threads.lines.find(({ message }) => message === "connection opened")?.["thread"];

  threads.kill(Number(thread));
  await ada.outcome();
  await threads.logger.line("thread ended; replacing it");
  await threads.live.changed({ collection: "events" });
  await threads.line("live listener started", 3);

  assertEquals(source.reads.length, 1);
});
