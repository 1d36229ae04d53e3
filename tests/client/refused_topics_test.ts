/**
 * Topics that the server refuses, temporarily or permanently.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { LiveError } from "../../live/client/error.ts";
import { message, openSetup } from "./setup.ts";

for (const code of ["forbidden", "bad-topic", "limit", "something-new"]) {
  Deno.test(`a subscription ends after ${code}, and the client does not retry`, () => {
    using setup = openSetup();
    const errors: LiveError[] = [];
    const { notes } = setup.follow("event:1", { onError: (error) => errors.push(error) });

    setup.socket.answer({ type: "error", code, message: "No" });
    setup.socket.receive(message(1));
    setup.reconnect();

    assertEquals(notes, ["end"]);
    assertEquals(errors.map(({ code, message }) => [code, message]), [[code, "No: event:1"]]);
    assertEquals(setup.socket.sent, []);
  });
}

Deno.test("a subscription ends when the user loses the right to its topic", () => {
  using setup = openSetup();
  const { notes } = setup.follow();
  setup.socket.start("e", 0);
  notes.length = 0;

  setup.socket.receive({ type: "unsubscribed", topic: "event:1", reason: "forbidden" });

  assertEquals(notes, ["error forbidden", "end"]);
});

Deno.test("LiveClient retries a topic that is unavailable, with jitter on the delay", () => {
  using time = new FakeTime(0);
  using setup = openSetup();
  const { notes } = setup.follow();

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

Deno.test("a subscription outlives its session", () => {
  using _time = new FakeTime(0);
  using setup = openSetup();
  const { notes } = setup.follow();

  setup.socket.answer({ type: "error", code: "forbidden", message: "", retryAfterMs: 1_000 });
  setup.socket.end(4401, "session is no longer good");

  assertEquals(notes, []);
});

for (const what of ["unsubscribe()", "a break"] as const) {
  Deno.test(`LiveClient does not retry an unavailable topic after ${what}`, () => {
    using time = new FakeTime(0);
    using setup = openSetup();
    const subscription = setup.live.subscribe("event:1");
    setup.socket.answer({ type: "error", code: "unavailable", message: "", retryAfterMs: 100 });

    if (what === "a break") setup.socket.end(4501);
    else subscription.unsubscribe();
    time.tick(1_000);

    assertEquals(setup.socket.sent.length, 1);
  });
}

Deno.test("a topic can be subscribed again in the handler of its error", () => {
  using setup = openSetup();
  const starts: number[] = [];
  setup.live.subscribe("event:1", {
    onError: () =>
      setup.live.subscribe("event:1", { onStart: ({ offset }) => starts.push(offset) }),
  });

  setup.socket.answer({ type: "error", code: "forbidden", message: "No" });
  setup.socket.start("e", 7);

  assertEquals(setup.socket.sent.length, 2);
  assertEquals(starts, [7]);
});
