/**
 * Faults of the program's handlers, and of the server: they stop nothing, and somebody is told.
 *
 * @module
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { connect } from "../../live/client/mod.ts";
import { openSetup } from "./fakes.ts";

Deno.test("LiveClient goes on whatever a state handler throws, and reports it", async () => {
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

Deno.test("LiveClient reports a frame that is not JSON, and goes on", async () => {
  using time = new FakeTime(0);
  using setup = openSetup();

  setup.socket.onmessage?.({ data: "{" });
  await time.runMicrotasks();

  assertInstanceOf(setup.errors[0], SyntaxError);
  assertEquals(setup.live.state.phase, "open");
});

Deno.test("LiveClient leaves what a handler throws uncaught where nobody is told", async () => {
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
