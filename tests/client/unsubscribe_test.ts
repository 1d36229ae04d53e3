/**
 * Subscriptions that the program ends.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { message, noteInto, openSetup, Setup } from "./fakes.ts";

Deno.test("unsubscribe() tells the server, and hands nothing over any more", () => {
  using setup = openSetup();
  const notes: string[] = [];
  const subscription = setup.live.subscribe("event:1", noteInto(notes));
  setup.socket.start("e", 0);

  subscription.unsubscribe();
  subscription.unsubscribe();
  setup.socket.receive(message(1));
  setup.socket.receive({ type: "unsubscribed", topic: "event:1" });

  assertEquals(setup.socket.sent.slice(1), [{ type: "unsubscribe", topic: "event:1" }]);
  assertEquals(notes, ["start e 0", "end"]);
});

Deno.test("unsubscribe() tells nobody where the connection is not open", () => {
  using setup = new Setup();
  const subscription = setup.live.subscribe("event:1");
  setup.socket.readyState = 1;

  subscription.unsubscribe();
  setup.socket.open();

  assertEquals(setup.socket.sent, []);
});

Deno.test("unsubscribe() in a handler takes effect within the frame", () => {
  using setup = openSetup();
  const notes: string[] = [];
  const subscription = setup.live.subscribe("event:1", {
    ...noteInto(notes),
    onStart: () => subscription.unsubscribe(),
  });

  setup.socket.start("e", 1, [message(1, "a")]);

  assertEquals(notes, ["end"]);
});

Deno.test("a topic subscribed anew ignores the answer to its earlier life", () => {
  using setup = openSetup();
  const notes: string[] = [];
  const first = setup.live.subscribe("event:1");
  first.unsubscribe();
  setup.live.subscribe("event:1", noteInto(notes));

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
