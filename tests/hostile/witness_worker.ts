/**
 * The witness: an honest publisher and an honest subscriber of one topic. It runs in a separate thread, so
 * that the attacker's work delays it as little as possible.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "../support/client.ts";

/** The first message to the thread. It answers once the witness is subscribed. */
export interface WitnessOrder {
  /** Port of the live listener. */
  readonly live: number;
  /** Port of the ops listener. */
  readonly ops: number;
  /** Bearer token of the publish call. */
  readonly token: string;
  /** `Cookie` header of its session. */
  readonly cookie: string;
  /** Its topic. Nothing else publishes on it. */
  readonly topic: string;
}

/** The phases of an attack. */
export type Phase = "before" | "attack" | "recovery";

/** The other messages to the thread, and its answers. */
export interface WitnessAnswers {
  /** Ends the phase `before`. */
  attack: void;
  /** Ends the phase `attack`. */
  recovery: void;
  /** Resolves to the median latency of the latest messages, in milliseconds. */
  latency: number;
  /** Begins a measurement. */
  mark: void;
  /** Resolves to the median latency since the last `mark`, in milliseconds. */
  measure: number;
  /** Ends the witness. */
  report: WitnessReport;
}

/** What the witness observed. */
export interface WitnessReport {
  /** Messages that it published. */
  readonly published: number;
  /** Messages that it received. */
  readonly received: number;
  /** Median latency from the publish call to the receipt of a message, in milliseconds. */
  readonly medianMs: Readonly<Record<Phase, number>>;
  /** The longest latency, in milliseconds. */
  readonly maxMs: number;
  /** Messages that were refused, lost or out of order, and disconnects. */
  readonly faults: readonly string[];
}

/** Time between two messages, in milliseconds. */
const INTERVAL_MS = 25;

/** Minimum number of messages for a median. */
const SAMPLES = 20;

/** How long a message may take, in milliseconds. */
const PATIENCE_MS = 60_000;

class Witness {
  readonly #order: WitnessOrder;
  readonly #client: Client;
  readonly #faults: string[] = [];
  readonly #publishing: Promise<void>;
  readonly #latencies: Record<Phase, number[]> = {
    before: [],
    attack: [],
    recovery: [],
  };
  #phase: Phase = "before";
  #marked: number[] = [];
  #isOver = false;
  #published = 0;
  #received = 0;

  constructor(order: WitnessOrder, client: Client) {
    this.#order = order;
    this.#client = client;
    this.#publishing = this.#publish();
    this.#receive();
  }

  /** Enters the next phase once the current one has enough samples. */
  async enter(phase: Phase): Promise<void> {
    await this.#sample();
    this.#phase = phase;
  }

  async latency(): Promise<number> {
    await this.#sample();
    return median(this.#latencies[this.#phase].slice(-SAMPLES));
  }

  /** Begins a measurement. */
  mark(): Promise<void> {
    this.#marked = [];
    return Promise.resolve();
  }

  /** Resolves to the median since the last mark. */
  async measure(): Promise<number> {
    await this.#until(() => this.#marked.length >= SAMPLES);
    return median(this.#marked);
  }

  async report(): Promise<WitnessReport> {
    this.#isOver = true;
    await this.#publishing;
    await this.#until(() => this.#received === this.#published);
    const { before, attack, recovery } = this.#latencies;
    return {
      published: this.#published,
      received: this.#received,
      medianMs: { before: median(before), attack: median(attack), recovery: median(recovery) },
      maxMs: Math.max(...attack, ...recovery),
      faults: this.#faults,
    };
  }

  async #sample(): Promise<void> {
    const samples = this.#latencies[this.#phase];
    await this.#until(() => samples.length >= SAMPLES);
  }

  async #publish(): Promise<void> {
    for (let n = 1; !this.#isOver; n++) {
      await sleep(INTERVAL_MS);
      await this.#publishOne(n);
    }
  }

  async #publishOne(n: number): Promise<void> {
    const { ops, token, topic } = this.#order;
    this.#published = n;
    try {
      const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ topic, key: "witness", data: { n, sentAt: performance.now() } }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      await response.body?.cancel();
      if (!response.ok) this.#faults.push(`message ${n} was refused: ${response.status}`);
    } catch (error) {
      this.#faults.push(`message ${n} was not published: ${error}`);
    }
  }

  async #receive(): Promise<void> {
    for (;;) {
      const message = await this.#client.outcome();
      if (message.type === undefined) {
        this.#faults.push(`disconnected: ${message.code} ${message.reason}`);
        return;
      }
      const { offset, skipped, data } = message;
      const expected = ++this.#received;
      if (offset !== expected || data?.n !== expected || skipped !== undefined) {
        this.#faults.push(`received ${JSON.stringify(message)} in place of message ${expected}`);
        return;
      }
      const latencyMs = performance.now() - data.sentAt;
      this.#latencies[this.#phase].push(latencyMs);
      this.#marked.push(latencyMs);
    }
  }

  /** Waits until a condition holds, the server has failed, or the time is over. */
  async #until(holds: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!holds() && this.#faults.length === 0 && performance.now() < deadline) {
      await sleep(INTERVAL_MS);
    }
  }
}

/**
 * Returns the latency that messages exceed during half of the time. A message that takes ten seconds counts
 * for ten seconds, because no other message is published meanwhile.
 */
function median(latencies: readonly number[]): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  const totalMs = sorted.reduce((sum, ms) => sum + ms, 0);
  let sumMs = 0;
  return sorted.find((ms) => (sumMs += ms) >= totalMs / 2) ?? NaN;
}

async function start(order: WitnessOrder): Promise<void> {
  const { live, cookie, topic } = order;
  const client = await Client.connect(`ws://127.0.0.1:${live}/`, { cookie });
  await client.next(); // welcome
  const { type } = await client.subscribe(topic);
  if (type !== "subscribed") throw new Error(`The witness cannot subscribe: ${type}`);
  const witness = new Witness(order, client);
  const answer = {
    attack: () => witness.enter("attack"),
    recovery: () => witness.enter("recovery"),
    latency: () => witness.latency(),
    mark: () => witness.mark(),
    measure: () => witness.measure(),
    report: () => witness.report(),
  } satisfies { [Name in keyof WitnessAnswers]: () => Promise<WitnessAnswers[Name]> };
  self.onmessage = async ({ data }: MessageEvent<keyof WitnessAnswers>) => {
    self.postMessage(await answer[data]());
  };
  self.postMessage("ready");
}

self.onmessage = ({ data }: MessageEvent<WitnessOrder>) => start(data);
