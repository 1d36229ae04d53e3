/**
 * Two ends of a port in one thread, and a clock that tests move.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import type { Port } from "../../live/threads/channel.ts";
import { turn } from "../support/queue.ts";

/** Returns two connected ends. Messages are copied as between threads, and arrive in a microtask. */
export function portPair(): [Port, Port] {
  const ports: [Port, Port] = [end(() => ports[1]), end(() => ports[0])];
  return ports;
}

function end(other: () => Port): Port {
  return {
    postMessage(message) {
      const data = structuredClone(message);
      queueMicrotask(() => other().onmessage?.({ data } as MessageEvent));
    },
    onmessage: null,
  };
}

/** A fake time that also moves `performance.now`, and whose ticks let messages arrive. */
export class FakeClock implements Disposable {
  readonly #time = new FakeTime();
  readonly #now = performance.now;
  #skippedMs = 0;

  /** Starts the fake time. */
  constructor() {
    performance.now = () => Date.now() + this.#skippedMs;
  }

  /** Moves it by some milliseconds, and lets everything that is due arrive and be answered. */
  async tick(ms: number): Promise<void> {
    this.#time.tick(ms);
    for (let i = 0; i < 8; i++) await turn(); // a message, its answer, and what follows from it
  }

  /** Moves it without a turn of the event loop, as if this thread were busy. */
  skip(ms: number): void {
    this.#skippedMs += ms;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
    this.#time[Symbol.dispose]();
  }
}
