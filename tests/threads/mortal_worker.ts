/**
 * A thread that serves clients until a test ends it with an uncaught error, or makes it hang.
 *
 * @module
 */

import type { Port } from "../../live/threads/channel.ts";
import { serveThread } from "../../live/threads/serve_thread.ts";

// It must be added before the listener that survives errors.
self.addEventListener("error", (event) => event.stopImmediatePropagation());

const port: Port = {
  postMessage: (message) => (self as unknown as Port).postMessage(message),
  onmessage: null,
};
(self as unknown as Port).onmessage = (event) => {
  if (event.data.hang) return void Atomics.wait(event.data.hang, 0, 0);
  if (event.data !== "die") return port.onmessage?.(event);
  setTimeout(() => {
    throw new Error("the thread dies");
  });
};
serveThread(port);
