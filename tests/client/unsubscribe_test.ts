/**
 * Subscriptions that the program ends.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
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

Deno.test("a subscription ignores the answers to an earlier one", () => {
  using setup = openSetup();
  setup.live.subscribe("event:1").unsubscribe();
  const { notes } = setup.follow();

  setup.socket.receive({
    type: "error",
    code: "forbidden",
    message: "",
    id: "1",
    topic: "event:1",
  });
  setup.socket.receive({ type: "unsubscribed", topic: "event:1" });
  setup.socket.receive(
    { type: "subscribed", topic: "event:1", id: "1", epoch: "e", offset: 1, messages: [] },
    message(2),
  );
  assertEquals(notes, []);
  setup.socket.start("e", 2);
  setup.socket.receive(message(3));

  assertEquals(notes, ["start e 2", "message 3"]);
});
