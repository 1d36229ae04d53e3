/**
 * Subscriptions that the program ends.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { message, openSetup, Setup } from "./setup.ts";

Deno.test("unsubscribe() unsubscribes on the wire, and no handler but onEnd is called", () => {
  using setup = openSetup();
  const { notes, subscription } = setup.follow();
  setup.socket.start("e", 0);

  subscription.unsubscribe();
  subscription.unsubscribe();
  setup.socket.receive(message(1));
  setup.socket.receive({ type: "unsubscribed", topic: "event:1" });

  assertEquals(setup.socket.sent.slice(1), [{ type: "unsubscribe", topic: "event:1" }]);
  assertEquals(notes, ["start e 0", "end"]);
});

Deno.test("unsubscribe() sends nothing while the connection is not open", () => {
  using setup = new Setup();
  const subscription = setup.live.subscribe("event:1");
  setup.socket.readyState = 1;

  subscription.unsubscribe();
  setup.socket.open();

  assertEquals(setup.socket.sent, []);
});

Deno.test("unsubscribe() in a handler takes effect within the frame", () => {
  using setup = openSetup();
  const { notes, subscription } = setup.follow("event:1", {
    onStart: () => subscription.unsubscribe(),
  });

  setup.socket.start("e", 1, [message(1, "a")]);

  assertEquals(notes, ["end"]);
});

Deno.test("unsubscribe() before the answer unsubscribes on the wire when the answer arrives", () => {
  using setup = openSetup();
  const { notes, subscription } = setup.follow();

  subscription.unsubscribe();
  assertEquals(setup.socket.sent.length, 1);
  setup.socket.start("e", 1, [message(1, "a")]);

  assertEquals(setup.socket.sent.slice(1), [{ type: "unsubscribe", topic: "event:1" }]);
  assertEquals(notes, ["end"]);
});

Deno.test("a subscription shares the request of an earlier one that awaits its answer", () => {
  using setup = openSetup();
  setup.live.subscribe("event:1").unsubscribe();
  const { notes } = setup.follow();

  setup.socket.start("e", 1, [message(1, "a")]);

  assertEquals(setup.socket.sent.length, 1);
  assertEquals(notes, ["start e 1", "message 1"]);
});

Deno.test("a subscription ignores what the server sends to an earlier one", () => {
  using setup = openSetup();
  const earlier = setup.live.subscribe("event:1");
  setup.socket.start("e", 0);
  earlier.unsubscribe();
  const { notes } = setup.follow();

  setup.socket.receive(
    message(1),
    { type: "subscribed", topic: "event:1", epoch: "f", offset: 1, messages: [] },
    { type: "unsubscribed", topic: "event:1", reason: "forbidden" },
    { type: "unsubscribed", topic: "event:1" },
  );
  assertEquals(notes, []);
  setup.socket.start("e", 2);
  setup.socket.receive(message(3));

  assertEquals(notes, ["start e 2", "message 3"]);
});

Deno.test("LiveClient forgets a refused topic that the program has unsubscribed from", () => {
  using time = new FakeTime(0);
  using setup = openSetup();
  setup.live.subscribe("event:1").unsubscribe();

  setup.socket.answer({ type: "error", code: "unavailable", message: "", retryAfterMs: 100 });
  time.tick(1_000);

  assertEquals(setup.socket.sent.length, 1);
});
