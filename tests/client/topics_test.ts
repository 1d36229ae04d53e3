/**
 * What the client makes of a topic's messages: each is handed over once, whatever happens.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { message, noteInto, openSetup, reconnect, Setup } from "./fakes.ts";

/** Returns a client that is subscribed to `event:1`, up to an offset, and what it was called with. */
function subscribed(offset: number): { setup: Setup; notes: string[] } {
  const setup = openSetup();
  const notes: string[] = [];
  setup.live.subscribe("event:1", noteInto(notes));
  setup.socket.start("e", offset);
  notes.length = 0;
  return { setup, notes };
}

Deno.test("LiveClient.subscribe() asks at once where the connection is open", () => {
  using setup = openSetup();

  setup.live.subscribe("event:1");

  assertEquals(setup.socket.sent, [{ type: "subscribe", topic: "event:1", id: "1" }]);
});

Deno.test("LiveClient.subscribe() waits for the welcome", () => {
  using setup = new Setup();
  setup.live.subscribe("event:1");
  setup.live.subscribe("event:2");
  setup.socket.readyState = 1;
  assertEquals(setup.socket.sent, []);

  setup.socket.open();

  assertEquals(setup.socket.sent, [
    { type: "subscribe", topic: "event:1", id: "1" },
    { type: "subscribe", topic: "event:2", id: "2" },
  ]);
});

Deno.test("a subscription begins with a start, then the snapshot, then what is live", () => {
  using setup = openSetup();
  const notes: string[] = [];
  setup.live.subscribe("event:1", noteInto(notes));

  setup.socket.start("e", 5, [message(2, "a"), message(5, "b")]);
  setup.socket.receive(message(6));

  assertEquals(notes, ["start e 5", "message 2", "message 5", "message 6"]);
});

Deno.test("a subscription gets all messages of an array, in order", () => {
  const { setup, notes } = subscribed(0);
  using _setup = setup;

  setup.socket.receive(message(1), message(2), { ...message(9), topic: "event:2" }, message(3));

  assertEquals(notes, ["message 1", "message 2", "message 3"]);
});

Deno.test("a subscription gets the message as it is", () => {
  using setup = openSetup();
  const messages: unknown[] = [];
  setup.live.subscribe("event:1", { onMessage: (message) => messages.push(message) });
  setup.socket.start("e", 0);

  setup.socket.receive(message(7, "a", { skipped: 6, data: { x: 1 } }));

  assertEquals(messages, [{
    type: "message",
    topic: "event:1",
    offset: 7,
    key: "a",
    skipped: 6,
    data: { x: 1 },
  }]);
});

Deno.test("a subscription gets no message twice", () => {
  const { setup, notes } = subscribed(5);
  using _setup = setup;

  setup.socket.receive(message(5), message(6), message(6), message(4), message(7));

  assertEquals(notes, ["message 6", "message 7"]);
});

Deno.test("a subscription resumes after a break from the last message it got", () => {
  const { setup, notes } = subscribed(5);
  using _setup = setup;
  setup.socket.receive(message(6));

  reconnect(setup);
  assertEquals(setup.socket.sent, [
    { type: "subscribe", topic: "event:1", id: "2", since: { epoch: "e", offset: 6 } },
  ]);
  setup.socket.start("e", 8, [message(7), message(8)], true);
  setup.socket.receive(message(9));

  assertEquals(notes, ["message 6", "recovered e 8", "message 7", "message 8", "message 9"]);
});

Deno.test("a subscription begins anew after a break that the log does not reach back to", () => {
  const { setup, notes } = subscribed(5);
  using _setup = setup;

  reconnect(setup);
  setup.socket.start("e", 900, [message(700, "a"), message(900, "b")]);
  setup.socket.receive(message(901));

  assertEquals(notes, ["start e 900", "message 700", "message 900", "message 901"]);
});

Deno.test("a subscription begins anew in another epoch, though its offsets are lower", () => {
  const { setup, notes } = subscribed(5);
  using _setup = setup;

  reconnect(setup);
  setup.socket.start("f", 2, [message(1, "a"), message(2, "b")]);
  setup.socket.receive(message(3));
  reconnect(setup);

  assertEquals(notes, ["start f 2", "message 1", "message 2", "message 3"]);
  assertEquals(setup.socket.last["since"], { epoch: "f", offset: 3 });
});

Deno.test("a subscription begins anew when the server says so unasked", () => {
  const { setup, notes } = subscribed(5);
  using _setup = setup;

  setup.socket.receive({
    type: "subscribed",
    topic: "event:1",
    epoch: "f",
    offset: 1,
    recovered: false,
    messages: [message(1, "a")],
  }, message(2));

  assertEquals(notes, ["start f 1", "message 1", "message 2"]);
  assertEquals(setup.socket.sent.length, 1);
});

Deno.test("a subscription begins anew unasked in the same epoch too", () => {
  const { setup, notes } = subscribed(5);
  using _setup = setup;

  setup.socket.receive({
    type: "subscribed",
    topic: "event:1",
    epoch: "e",
    offset: 9,
    recovered: false,
    messages: [message(9, "a")],
  });

  assertEquals(notes, ["start e 9", "message 9"]);
});

Deno.test("a subscription that had not begun before a break begins after it", () => {
  using setup = openSetup();
  const notes: string[] = [];
  setup.live.subscribe("event:1", noteInto(notes));

  reconnect(setup);
  setup.socket.start("e", 1, [message(1, "a")]);

  assertEquals(setup.socket.sent, [{ type: "subscribe", topic: "event:1", id: "2" }]);
  assertEquals(notes, ["start e 1", "message 1"]);
});

Deno.test("a subscription goes on whatever its handlers throw, and that is reported", async () => {
  using time = new FakeTime(0);
  using setup = openSetup();
  const seen: number[] = [];
  const subscription = setup.live.subscribe("event:1", {
    onStart() {
      throw new Error("start");
    },
    onMessage({ offset }) {
      seen.push(offset);
      throw new Error(`message ${offset}`);
    },
    onEnd() {
      throw new Error("end");
    },
  });

  setup.socket.start("e", 1, [message(1, "a")]);
  setup.socket.receive(message(2), message(3));
  subscription.unsubscribe();
  await time.runMicrotasks();

  assertEquals(seen, [1, 2, 3]);
  assertEquals(setup.errors.map(String), [
    "Error: start",
    "Error: message 1",
    "Error: message 2",
    "Error: message 3",
    "Error: end",
  ]);
});

Deno.test("a program that keeps the newest of each key is right after every start", () => {
  using setup = openSetup();
  const held = new Map<string | undefined, unknown>();
  setup.live.subscribe("event:1", {
    onStart: ({ recovered }) => recovered || held.clear(),
    onMessage: ({ key, data }) => held.set(key, data),
  });
  setup.socket.start("e", 2, [message(1, "a"), message(2, "b")]);

  reconnect(setup);
  setup.socket.start("e", 3, [message(3, "b")], true);
  assertEquals([...held], [["a", 1], ["b", 3]]);
  reconnect(setup);
  setup.socket.start("f", 4, [message(4, "c")]);

  assertEquals([...held], [["c", 4]]);
});
