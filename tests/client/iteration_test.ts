/**
 * A subscription as an iteration.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { LiveError } from "../../live/client/error.ts";
import { message, openSetup, reconnect } from "./fakes.ts";

Deno.test("an iteration gives the messages, and unsubscribes when it is left", async () => {
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

Deno.test("an iteration gives nothing after unsubscribe()", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1");
  setup.socket.start("e", 0);
  setup.socket.receive(message(1));

  subscription.unsubscribe();

  assertEquals(await Array.fromAsync(subscription), []);
});

Deno.test("an iteration gives what waits before it ends with the client", async () => {
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

Deno.test("an iteration loses no more than its bound makes it, and says how many", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1", { maxBuffered: 2 });
  setup.socket.start("e", 0);
  setup.socket.receive(message(1, "a"), message(2, "b"), message(3, "a"), message(4));

  setup.live.close();

  const messages = await Array.fromAsync(subscription);
  assertEquals(messages.map(({ offset, skipped }) => [offset, skipped]), [[3, 2], [4, undefined]]);
});

Deno.test("an iteration keeps 1,000 messages where nothing else is said", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1");
  setup.socket.start("e", 0);
  for (let offset = 1; offset <= 1_001; offset++) setup.socket.receive(message(offset));

  setup.live.close();

  const messages = await Array.fromAsync(subscription);
  assertEquals(messages.length, 1_000);
  assertEquals([messages[0]?.offset, messages[0]?.skipped], [2, 1]);
});

Deno.test("an iteration drops what waits when the topic begins anew, and not otherwise", async () => {
  using setup = openSetup();
  const subscription = setup.live.subscribe("event:1");
  setup.socket.start("e", 1, [message(1, "old")]);
  reconnect(setup);
  setup.socket.start("f", 5, [message(5, "new")]);
  reconnect(setup);
  setup.socket.start("f", 6, [message(6, "newer")], true);

  setup.live.close();

  const messages = await Array.fromAsync(subscription);
  assertEquals(messages.map(({ key }) => key), ["new", "newer"]);
});

Deno.test("an iteration beside onMessage begins where it begins", async () => {
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
