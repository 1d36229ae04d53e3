/**
 * Several subscriptions to one topic share one on the wire.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { message, noteInto, openSetup, reconnect, type Setup } from "./fakes.ts";

/** Subscribes to `event:1` and returns what the handlers are called with. */
function join(setup: Setup): { notes: string[]; leave: () => void } {
  const notes: string[] = [];
  const subscription = setup.live.subscribe("event:1", noteInto(notes));
  return { notes, leave: () => subscription.unsubscribe() };
}

Deno.test("subscriptions made together are asked for once", () => {
  using setup = openSetup();
  const [first, second] = [join(setup), join(setup)];

  setup.socket.start("e", 1, [message(1, "a")]);
  setup.socket.receive(message(2));

  assertEquals(setup.socket.sent.length, 1);
  assertEquals(first.notes, ["start e 1", "message 1", "message 2"]);
  assertEquals(second.notes, first.notes);
});

Deno.test("a late subscription gets a start of its own, unseen by the others", () => {
  using setup = openSetup();
  const first = join(setup);
  setup.socket.start("e", 1, [message(1, "a")]);

  const second = join(setup);
  assertEquals(setup.socket.last, { type: "subscribe", topic: "event:1", id: "2" });
  setup.socket.start("e", 1, [message(1, "a")]);
  setup.socket.receive(message(2));

  assertEquals(first.notes, ["start e 1", "message 1", "message 2"]);
  assertEquals(second.notes, ["start e 1", "message 1", "message 2"]);
  assertEquals(setup.socket.sent.length, 2);
});

Deno.test("a late subscription's start takes nothing away from the others", () => {
  using setup = openSetup();
  const first = join(setup);
  setup.socket.start("e", 1, [message(1, "a")]);
  const second = join(setup);

  // Two and three were on their way to the first when the server moved the cursor.
  setup.socket.start("e", 3, [message(3, "a")]);
  setup.socket.receive(message(4));
  assertEquals(first.notes, ["start e 1", "message 1"]);
  assertEquals(setup.socket.last, {
    type: "subscribe",
    topic: "event:1",
    id: "3",
    since: { epoch: "e", offset: 1 },
  });
  setup.socket.start("e", 5, [message(2), message(3, "a"), message(4), message(5)], true);
  setup.socket.receive(message(6));

  assertEquals(first.notes, [
    "start e 1",
    "message 1",
    "recovered e 5",
    ...[2, 3, 4, 5, 6].map((offset) => `message ${offset}`),
  ]);
  assertEquals(second.notes, [
    "start e 3",
    ...[3, 4, 5, 6].map((offset) => `message ${offset}`),
  ]);
  assertEquals(setup.socket.sent.length, 3);
});

Deno.test("a late subscription's start is one for all in a new epoch", () => {
  using setup = openSetup();
  const first = join(setup);
  setup.socket.start("e", 9);
  const second = join(setup);

  setup.socket.start("f", 1, [message(1, "a")]);

  assertEquals(first.notes, ["start e 9", "start f 1", "message 1"]);
  assertEquals(second.notes, ["start f 1", "message 1"]);
  assertEquals(setup.socket.sent.length, 2);
});

Deno.test("a late subscription's start may come from a log that lags", () => {
  using setup = openSetup();
  const first = join(setup);
  setup.socket.start("e", 5);
  const second = join(setup);

  setup.socket.start("e", 4, [message(4, "a")]);
  setup.socket.receive(message(5), message(6));

  assertEquals(first.notes, ["start e 5", "message 6"]);
  assertEquals(second.notes, ["start e 4", "message 4", "message 5", "message 6"]);
});

Deno.test("a subscription that comes while another resumes is asked for next", () => {
  using setup = openSetup();
  const first = join(setup);
  setup.socket.start("e", 1);
  reconnect(setup);

  const second = join(setup);
  assertEquals(setup.socket.sent.length, 1);
  setup.socket.start("e", 2, [message(2)], true);
  assertEquals(setup.socket.last, { type: "subscribe", topic: "event:1", id: "3" });
  setup.socket.receive(message(3));
  setup.socket.start("e", 3, []);

  assertEquals(first.notes, ["start e 1", "recovered e 2", "message 2", "message 3"]);
  assertEquals(second.notes, ["start e 3"]);
});

Deno.test("subscriptions at different places resume together, from the earliest", () => {
  using setup = openSetup();
  const first = join(setup);
  setup.socket.start("e", 1);
  const second = join(setup);
  setup.socket.start("e", 3);
  reconnect(setup);

  assertEquals(setup.socket.last["since"], { epoch: "e", offset: 1 });
  setup.socket.start("e", 4, [message(2), message(3), message(4)], true);

  assertEquals(first.notes.slice(1), ["recovered e 4", "message 2", "message 3", "message 4"]);
  assertEquals(second.notes.slice(1), ["recovered e 4", "message 4"]);
});

Deno.test("after a break a newcomer and the others are served one after the other", () => {
  using setup = openSetup();
  const first = join(setup);
  setup.socket.start("e", 1);
  setup.socket.end(1006);
  const second = join(setup);
  setup.live.retry();
  setup.socket.open();

  assertEquals(setup.socket.sent, [{ type: "subscribe", topic: "event:1", id: "2" }]);
  setup.socket.start("e", 2, [message(2, "a")]);
  assertEquals(setup.socket.last["since"], { epoch: "e", offset: 1 });
  setup.socket.start("e", 2, [message(2, "a")], true);

  assertEquals(first.notes, ["start e 1", "recovered e 2", "message 2"]);
  assertEquals(second.notes, ["start e 2", "message 2"]);
});

Deno.test("the last to unsubscribe does so on the wire", () => {
  using setup = openSetup();
  const [first, second] = [join(setup), join(setup)];
  setup.socket.start("e", 0);

  first.leave();
  assertEquals(setup.socket.sent.length, 1);
  setup.socket.receive(message(1));
  second.leave();

  assertEquals(setup.socket.last, { type: "unsubscribe", topic: "event:1" });
  assertEquals(first.notes, ["start e 0", "end"]);
  assertEquals(second.notes, ["start e 0", "message 1", "end"]);
});

Deno.test("an error ends all subscriptions of its topic, and of no other", () => {
  using setup = openSetup();
  const [first, second] = [join(setup), join(setup)];
  const other: string[] = [];
  setup.live.subscribe("event:2", noteInto(other));

  setup.socket.receive({
    type: "error",
    code: "forbidden",
    message: "",
    id: "1",
    topic: "event:1",
  });

  assertEquals([first.notes, second.notes, other], [
    ["error forbidden", "end"],
    ["error forbidden", "end"],
    [],
  ]);
});

Deno.test("a handler that unsubscribes another one silences it within the frame", () => {
  using setup = openSetup();
  const notes: string[] = [];
  setup.live.subscribe("event:1", { onStart: () => second.unsubscribe() });
  const second = setup.live.subscribe("event:1", noteInto(notes));

  setup.socket.start("e", 1, [message(1, "a")]);
  setup.socket.receive(message(2));

  assertEquals(notes, ["end"]);
});
