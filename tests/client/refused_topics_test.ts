/**
 * Topics that the server refuses, for now or for good.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { message, noteInto, openSetup, reconnect } from "./fakes.ts";

for (const code of ["forbidden", "bad-topic", "limit", "something-new"]) {
  Deno.test(`a subscription ends after ${code}, and is not asked for again`, () => {
    using setup = openSetup();
    const notes: string[] = [];
    const messages: string[] = [];
    const handlers = noteInto(notes);
    setup.live.subscribe("event:1", {
      ...handlers,
      onError: (error) => {
        handlers.onError(error);
        messages.push(error.message);
      },
    });

    setup.socket.answer({ type: "error", code, message: "No" });
    setup.socket.receive(message(1));
    reconnect(setup);

    assertEquals(notes, [`error ${code}`, "end"]);
    assertEquals(messages, ["No: event:1"]);
    assertEquals(setup.socket.sent, []);
  });
}

Deno.test("a subscription ends when the right to its topic does", () => {
  using setup = openSetup();
  const notes: string[] = [];
  setup.live.subscribe("event:1", noteInto(notes));
  setup.socket.start("e", 0);
  notes.length = 0;

  setup.socket.receive({ type: "unsubscribed", topic: "event:1", reason: "forbidden" });

  assertEquals(notes, ["error forbidden", "end"]);
});

Deno.test("a subscription is asked for again after unavailable, later by chance than told", () => {
  using time = new FakeTime(0);
  using setup = openSetup();
  const notes: string[] = [];
  setup.live.subscribe("event:1", noteInto(notes));

  setup.socket.answer({ type: "error", code: "unavailable", message: "", retryAfterMs: 2_000 });
  time.tick(2_999);
  assertEquals(setup.socket.sent.length, 1);
  time.tick(1);
  assertEquals(setup.socket.last, { type: "subscribe", topic: "event:1", id: "2" });
  setup.socket.answer({ type: "error", code: "unavailable", message: "" });
  time.tick(1_500);
  setup.socket.start("e", 0);

  assertEquals(setup.socket.sent.length, 3);
  assertEquals(notes, ["start e 0"]);
});

Deno.test("a subscription outlives the session that it was asked for with", () => {
  using _time = new FakeTime(0);
  using setup = openSetup();
  const notes: string[] = [];
  setup.live.subscribe("event:1", noteInto(notes));

  setup.socket.answer({ type: "error", code: "forbidden", message: "", retryAfterMs: 1_000 });
  setup.socket.end(4401, "session is no longer good");

  assertEquals(notes, []);
});

for (const what of ["unsubscribe()", "a break"] as const) {
  Deno.test(`a subscription is not asked for again after unavailable and ${what}`, () => {
    using time = new FakeTime(0);
    using setup = openSetup();
    const subscription = setup.live.subscribe("event:1");
    setup.socket.answer({ type: "error", code: "unavailable", message: "", retryAfterMs: 100 });

    if (what === "a break") setup.socket.end(4501);
    else subscription.unsubscribe();

    assertEquals(time.next(), false);
  });
}

Deno.test("a topic can be subscribed again in the handler of its error", () => {
  using setup = openSetup();
  const notes: string[] = [];
  setup.live.subscribe("event:1", {
    onError: () => setup.live.subscribe("event:1", noteInto(notes)),
  });

  setup.socket.answer({ type: "error", code: "forbidden", message: "No" });
  setup.socket.start("e", 0);

  assertEquals(setup.socket.sent.length, 2);
  assertEquals(notes, ["start e 0"]);
});
