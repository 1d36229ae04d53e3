/**
 * Iterating a subscription.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { LiveError } from "../../live/client/error.ts";
import { message, openSetup, removal } from "./setup.ts";

Deno.test("an iteration yields the messages, and unsubscribes when the loop is left", async () => {
  using setup = openSetup();
  const offsets: number[] = [];
  const subscription = setup.live.subscribe("event:1");
  setup.socket.start("e", 1, [message(1, "a")]);
  setup.socket.receive(message(2), message(3), message(4));

  for await (const { offset } of subscription) {
    if (offsets.push(offset) === 3) break;
  }

  assertEquals(offsets, [1, 2, 3]);
  assertEquals(setup.socket.last, { type: "unsubscribe", topic: "event:1" });
});

Deno.test("an iteration waits for messages, and ends when the subscription does", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1");
  const messages = subscription[Symbol.asyncIterator]();
  const first = messages.next();
  setup.socket.start("e", 0);
  setup.socket.receive(message(1));
  assertEquals((await first).value?.offset, 1);

  const second = messages.next();
  subscription.unsubscribe();

  assertEquals(await second, { value: undefined, done: true });
});

Deno.test("an iteration yields nothing after unsubscribe()", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1");
  setup.socket.start("e", 0);
  setup.socket.receive(message(1));

  subscription.unsubscribe();

  assertEquals(await Array.fromAsync(subscription), []);
});

Deno.test("an iteration yields the messages that wait before it ends with the client", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1");
  setup.socket.start("e", 0);
  setup.socket.receive(message(1), message(2));

  setup.live.close();

  const messages = await Array.fromAsync(subscription);
  assertEquals(messages.map(({ offset }) => offset), [1, 2]);
});

Deno.test("an iteration throws why the subscription ended", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1");
  const messages = Array.fromAsync(subscription);

  setup.socket.answer({ type: "error", code: "forbidden", message: "No" });

  const error = await assertRejects(() => messages, LiveError, "No: event:1");
  assertEquals(error.code, "forbidden");
});

Deno.test("an iteration throws why the connection ended", async () => {
  using setup = openSetup();
  const messages = Array.fromAsync(setup.live.subscribe("event:1"));

  setup.socket.end(4501, "no valid session");

  const error = await assertRejects(() => messages, LiveError, "no valid session");
  assertEquals(error.code, 4501);
});

Deno.test("an iteration that is slow is conflated, and learns how many messages were skipped", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1", { maxBuffered: 2 });
  setup.socket.start("e", 0);
  setup.socket.receive(message(1, "a"), message(2, "b"), message(3, "a"), removal(4, "b"));
  setup.socket.receive(message(5), message(6));

  setup.live.close();

  const messages = await Array.fromAsync(subscription);
  assertEquals(messages.map(({ offset, skipped }) => [offset, skipped]), [
    [3, 2],
    [5, 1],
    [6, undefined],
  ]);
});

for (
  const [name, key, expected] of [
    ["the newest of each key, however large the snapshot", String, [1, undefined, 5_000]],
    ["1,000 events by default", () => undefined, [4_001, 4_000, 1_000]],
  ] as const
) {
  Deno.test(`an iteration keeps ${name}`, async () => {
    using setup = openSetup();
    const subscription = setup.live.subscribe("event:1");
    const messages = Array.from({ length: 5_000 }, (_, index) => message(index + 1, key(index)));
    setup.socket.start("e", 5_000, messages);

    setup.live.close();

    const kept = await Array.fromAsync(subscription);
    assertEquals([kept[0]?.offset, kept[0]?.skipped, kept.length], [...expected]);
  });
}

Deno.test("an iteration drops the messages that wait if the topic starts over", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1");
  setup.socket.start("e", 1, [message(1, "old")]);
  setup.reconnect();
  setup.socket.start("f", 5, [message(5, "new")]);
  setup.reconnect();
  setup.socket.start("f", 6, [message(6, "newer")], true);

  setup.live.close();

  const messages = await Array.fromAsync(subscription);
  assertEquals(messages.map(({ key }) => key), ["new", "newer"]);
});

Deno.test("an iteration beside onMessage yields only messages that arrive after its own start", async () => {
  using setup = openSetup();
  const offsets: number[] = [];
  const subscription = setup.live.subscribe("event:1", {
    onMessage: ({ offset }) => offsets.push(offset),
  });
  setup.socket.start("e", 1, [message(1, "a")]);

  const next = subscription[Symbol.asyncIterator]().next();
  setup.socket.receive(message(2));

  assertEquals((await next).value?.offset, 2);
  assertEquals(offsets, [1, 2]);
});

Deno.test("two iterations of a subscription share its messages", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1");
  const [first, second] = [Array.fromAsync(subscription), Array.fromAsync(subscription)];
  setup.socket.start("e", 0);
  setup.socket.receive(message(1), message(2));

  setup.live.close();

  const offsets = (await Promise.all([first, second])).flat().map(({ offset }) => offset);
  assertEquals(offsets.toSorted(), [1, 2]);
});
