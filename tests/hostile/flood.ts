/**
 * A publisher of many messages.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { AttackContext } from "./attack.ts";
import { post } from "./attackers.ts";

/** What to publish. */
export interface FloodOptions {
  /** The topic. Nothing else may publish on it. */
  readonly topic: string;
  /** Messages per second. */
  readonly perSecond: number;
  /** Approximate length of an outbound message, in bytes. */
  readonly bytes: number;
  /** Number of keys, which are used in turn. */
  readonly keys: number;
}

/** How often it publishes, in milliseconds. */
const INTERVAL_MS = 50;

/** Length of a message without its padding, in bytes. */
const ENVELOPE_BYTES = 100;

/** Publishes at a steady rate. A late batch is published as soon as possible. */
export class Flood {
  /** Messages published so far, which is the offset of the last one. */
  published = 0;
  /** The number of the latest message of each key. */
  readonly latest = new Map<string, number>();
  readonly #context: AttackContext;
  readonly #options: FloodOptions;
  readonly #padding: string;

  /** Creates a flood that has published nothing yet. */
  constructor(context: AttackContext, options: FloodOptions) {
    this.#context = context;
    this.#options = options;
    this.#padding = "x".repeat(Math.max(0, options.bytes - ENVELOPE_BYTES));
  }

  /** Publishes until a promise settles. */
  async until(end: Promise<unknown>): Promise<void> {
    let hasEnded = false;
    end.then(() => hasEnded = true, () => hasEnded = true);
    await this.#run(() => hasEnded);
    await end;
  }

  /** Publishes a number of messages. Before each batch, it waits for the promise that `pace` returns. */
  async count(messages: number, pace: () => Promise<unknown>): Promise<void> {
    await this.#run(() => this.published >= messages, pace);
  }

  async #run(isOver: () => boolean, pace?: () => Promise<unknown>): Promise<void> {
    const startedAt = performance.now();
    for (let turn = 1; !isOver(); turn++) {
      await pace?.();
      await this.#publish(this.#options.perSecond * INTERVAL_MS / 1000);
      const waitMs = startedAt + turn * INTERVAL_MS - performance.now();
      if (waitMs > 0) await sleep(waitMs);
    }
  }

  async #publish(count: number): Promise<void> {
    const { topic, keys } = this.#options;
    const batch = Array.from({ length: count }, (_, index) => {
      const n = this.published + index + 1;
      return { topic, key: `key-${n % keys}`, data: { padding: this.#padding, n } };
    });
    const { published } = await post(this.#context, "/publish", batch);
    for (const { key, data } of batch) this.latest.set(key, data.n);
    this.published += count;
    assertEquals(published.at(-1).offset, this.published, "nothing else publishes to the topic");
  }
}
