/**
 * A publisher that publishes much.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import type { Scene } from "./attack.ts";

/** What to publish. */
export interface FloodOptions {
  /** Where to. */
  readonly topic: string;
  /** Messages a second. */
  readonly perSecond: number;
  /** Length of an outbound message, about, in bytes. */
  readonly bytes: number;
  /** How many keys take turns. */
  readonly keys: number;
}

/** How often it publishes, in milliseconds. */
const EVERY_MS = 50;

/** What is around the padding of a message. */
const ENVELOPE_BYTES = 100;

/** Publishes at a steady rate; what could not go out in time goes out as soon as it can. */
export class Flood {
  /** Messages published so far; also the offset of the last. */
  published = 0;
  /** The newest of each key. */
  readonly latest = new Map<string, number>();
  readonly #scene: Scene;
  readonly #options: FloodOptions;
  readonly #padding: string;

  /** Creates a flood that has not begun. */
  constructor(scene: Scene, options: FloodOptions) {
    this.#scene = scene;
    this.#options = options;
    this.#padding = "x".repeat(Math.max(0, options.bytes - ENVELOPE_BYTES));
  }

  /** Publishes until a promise resolves. */
  async until(over: Promise<unknown>): Promise<void> {
    let isOver = false;
    over.then(() => isOver = true, () => isOver = true);
    const beginning = performance.now();
    for (let turn = 1; !isOver; turn++) {
      await this.publish(this.#options.perSecond * EVERY_MS / 1000);
      const ahead = beginning + turn * EVERY_MS - performance.now();
      if (ahead > 0) await pause(ahead);
    }
    await over;
  }

  /** Publishes so many at once. */
  async publish(count: number): Promise<void> {
    const { target, token } = this.#scene;
    const { topic, keys } = this.#options;
    const batch = Array.from({ length: count }, (_, index) => {
      const n = this.published + index + 1;
      return { topic, key: `key-${n % keys}`, data: { padding: this.#padding, n } };
    });
    const response = await fetch(`http://127.0.0.1:${target.ops}/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(batch),
    });
    assertEquals(response.status, 200);
    const { published } = await response.json();
    for (const { key, data } of batch) this.latest.set(key, data.n);
    this.published += count;
    assertEquals(published.at(-1).offset, this.published, "nobody else publishes");
  }
}
