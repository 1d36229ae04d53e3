/**
 * What the witness does in its thread: it publishes at a steady rate to a topic that it listens to.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { pause } from "../faults/publisher.ts";
import { Client } from "../support/client.ts";

/** What the witness is told first. It answers once it is subscribed. */
export interface WitnessOrder {
  /** Port of the live listener. */
  readonly live: number;
  /** Port of the ops listener. */
  readonly ops: number;
  /** Bearer of the publish call. */
  readonly token: string;
  /** Its session's pair for a `Cookie` header. */
  readonly cookie: string;
  /** Its topic, which nobody else publishes to. */
  readonly topic: string;
}

/** What it answers to anything it is told after that. */
export interface WitnessReport {
  /** Messages that it published. */
  readonly published: number;
  /** Messages that it received. */
  readonly received: number;
  /** The longest time from when a message was due to its receipt, in milliseconds. */
  readonly worstMs: number;
  /** What must not be. */
  readonly faults: readonly string[];
}

/** Twenty messages a second. */
const EVERY_MS = 50;

/** How long a message may be on its way in the end, in milliseconds. */
const LATE_MS = 10_000;

class WitnessOnDuty {
  readonly #order: WitnessOrder;
  readonly #client: Client;
  readonly #faults: string[] = [];
  readonly #publishing: Promise<void>;
  #isOver = false;
  #published = 0;
  #received = 0;
  #worstMs = 0;

  constructor(order: WitnessOrder, client: Client) {
    this.#order = order;
    this.#client = client;
    this.#publishing = this.#publish();
    this.#receive();
  }

  async report(): Promise<WitnessReport> {
    this.#isOver = true;
    await Promise.race([this.#publishing, pause(LATE_MS)]);
    const until = performance.now() + LATE_MS;
    while (this.#received < this.#published && performance.now() < until) await pause(EVERY_MS);
    return {
      published: this.#published,
      received: this.#received,
      worstMs: this.#worstMs,
      faults: this.#faults,
    };
  }

  async #publish(): Promise<void> {
    const { ops, token, topic } = this.#order;
    const beginning = performance.now();
    for (let n = 1; !this.#isOver; n++) {
      const due = beginning + n * EVERY_MS;
      if (due > performance.now()) await pause(due - performance.now());
      this.#published = n;
      try {
        const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({ topic, key: "witness", data: { n, due } }),
          signal: AbortSignal.timeout(LATE_MS),
        });
        await response.body?.cancel();
        if (!response.ok) this.#faults.push(`message ${n} was refused: ${response.status}`);
      } catch (error) {
        this.#faults.push(`message ${n} was not published: ${error}`);
      }
    }
  }

  async #receive(): Promise<void> {
    for (;;) {
      const message = await this.#client.outcome();
      if (message.type === undefined) {
        this.#faults.push(`it was closed: ${message.code} ${message.reason}`);
        return;
      }
      const { offset, skipped, data } = message;
      const expected = ++this.#received;
      if (offset !== expected || data?.n !== expected || skipped !== undefined) {
        this.#faults.push(`it got ${JSON.stringify(message)} in place of ${expected}`);
        return;
      }
      this.#worstMs = Math.max(this.#worstMs, performance.now() - data.due);
    }
  }
}

async function begin(order: WitnessOrder): Promise<void> {
  const { live, cookie, topic } = order;
  const client = await Client.connect(`ws://127.0.0.1:${live}/`, { cookie });
  await client.next(); // welcome
  const { type } = await client.subscribe(topic);
  if (type !== "subscribed") throw new Error(`The witness may not listen: ${type}`);
  const witness = new WitnessOnDuty(order, client);
  self.onmessage = async () => self.postMessage(await witness.report());
  self.postMessage("ready");
}

self.onmessage = ({ data }: MessageEvent<WitnessOrder>) => begin(data);
