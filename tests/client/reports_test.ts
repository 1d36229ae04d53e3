/**
 * Tests of errors of the program's handlers and of the server: the client reports them and continues.
 *
 * @module
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { connect } from "../../live/client/mod.ts";
import { message, openSetup } from "./setup.ts";

Deno.test("LiveClient continues if a state handler throws, and reports the error", async () => {
  using time = new FakeTime(0);
  const error = new Error("mine");
  using setup = openSetup({
    onState: () => {
      throw error;
    },
  });

  setup.socket.end(1006);
  time.next();
  await time.runMicrotasks();

  assertEquals(setup.sockets.length, 2);
  assertEquals(setup.errors, [error, error, error]);
});

Deno.test("a subscription continues if its handlers throw, and the client reports the error", async () => {
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

Deno.test("LiveClient reports a frame that is not JSON, and continues", async () => {
  using time = new FakeTime(0);
  using setup = openSetup();

  setup.socket.onmessage?.({ data: "{" });
  await time.runMicrotasks();

  assertInstanceOf(setup.errors[0], SyntaxError);
  assertEquals(setup.live.state.phase, "open");
});

Deno.test("LiveClient without onError rethrows an error of a handler as an uncaught error", async () => {
  const error = new Error("mine");
  const uncaught = Promise.withResolvers<unknown>();
  const listen = (event: ErrorEvent) => {
    event.preventDefault();
    uncaught.resolve(event.error);
  };
  globalThis.addEventListener("error", listen);
  try {
    const live = connect("wss://live.test", {
      webSocket: () => ({ close() {} }) as unknown as WebSocket,
      onState() {
        throw error;
      },
    });
    live.close();
    assertEquals(await uncaught.promise, error);
  } finally {
    globalThis.removeEventListener("error", listen);
  }
});
