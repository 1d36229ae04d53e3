/**
 * The measurements of the load generator.
 *
 * @module
 */

import { cpuSeconds } from "../../support/proc.ts";
import type { Crowd } from "./crowd.ts";
import { Histogram } from "./histogram.ts";
import { dataOf, nowUs } from "./marks.ts";
import { Poller } from "./libc.ts";
import type { Called, CallsOrder, OneOrder, Published, RateOrder } from "./orders.ts";
import { Publisher } from "./publisher.ts";

/** Length of a message's data, in bytes. */
const LENGTH = 200;

/** How long after the last message others may still arrive, in milliseconds. */
const GRACE_MS = 5_000;

/** One measurement: what is published, and which clients have received it. */
class Run implements Disposable {
  readonly crowd: Crowd;
  readonly #publisher: Publisher;
  readonly #pid: number;
  readonly #topics: number;
  /** Subscribers of each topic, and those that have its last message. */
  readonly #members: number[];
  readonly #arrived: number[];
  readonly #startedAt = performance.now();
  readonly #cpu: number;
  readonly #ownCpu = cpuSeconds(Deno.pid);
  readonly #base: number[];
  #published = 0;

  constructor(crowd: Crowd, { publishing, topics = 1, pid }: RateOrder | OneOrder) {
    this.crowd = crowd;
    this.#topics = topics;
    this.#pid = pid;
    this.#publisher = new Publisher(publishing, crowd.poller, crowd.topics.length);
    this.#members = Array.from({ length: topics }, () => 0);
    for (const topic of crowd.topics) this.#members[topic] = (this.#members[topic] ?? 0) + 1;
    this.#arrived = [...this.#members];
    this.#base = Array.from({ length: topics }, () => 0);
    for (const [number, topic] of crowd.topics.entries()) {
      this.#base[topic] = Math.max(this.#base[topic] ?? 0, crowd.last[number] ?? 0);
    }
    crowd.reads = 0;
    crowd.latencies = new Histogram();
    crowd.onSequence = (number, sequence) => {
      const topic = crowd.topics[number] ?? 0;
      if (sequence === this.#newest(topic)) this.#arrived[topic] = (this.#arrived[topic] ?? 0) + 1;
    };
    this.#cpu = cpuSeconds(pid);
  }

  /** Whether all clients have received all messages. */
  get isQuiet(): boolean {
    return this.#arrived.every((count, topic) => count === this.#members[topic]);
  }

  get answered(): boolean {
    return this.#publisher.answered === this.#published;
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  publish(dueUs: number): void {
    const topic = this.#published++ % this.#topics;
    this.#arrived[topic] = 0;
    this.#publisher.publish([dataOf(this.#newest(topic), dueUs, LENGTH)], topic);
  }

  poll(timeoutMs: number): void {
    this.crowd.poller.poll(timeoutMs, (number) => {
      if (number < this.crowd.topics.length) this.crowd.read(number);
      else this.#publisher.read();
    });
  }

  result(): Published {
    const { seconds, crowd } = this;
    let delivered = 0;
    let behind = 0;
    for (const [number, topic] of crowd.topics.entries()) {
      delivered += Math.max(0, (crowd.last[number] ?? 0) - (this.#base[topic] ?? 0));
      if ((crowd.last[number] ?? 0) < this.#newest(topic)) behind++;
    }
    return {
      published: this.#published,
      delivered,
      behind,
      p50: crowd.latencies?.quantileMs(0.5) ?? 0,
      p99: crowd.latencies?.quantileMs(0.99) ?? 0,
      reads: crowd.reads,
      cpuUs: (cpuSeconds(this.#pid) - this.#cpu) / delivered * 1e6,
      seconds,
      busy: (cpuSeconds(Deno.pid) - this.#ownCpu) / seconds,
    };
  }

  [Symbol.dispose](): void {
    this.#publisher[Symbol.dispose]();
    this.crowd.onSequence = () => {};
  }

  #newest(topic: number): number {
    const rounds = Math.floor((this.#published - 1 - topic) / this.#topics) + 1;
    return (this.#base[topic] ?? 0) + rounds;
  }
}

/** Publishes at a rate (open loop), and waits until all messages have arrived. */
export function publishAtRate(crowd: Crowd, order: RateOrder): Published {
  using run = new Run(crowd, order);
  const startedUs = nowUs();
  const count = Math.round(order.perSecond * order.seconds);
  for (let index = 0; index < count;) {
    const dueUs = startedUs + Math.round(index * 1e6 / order.perSecond);
    const waitMs = (dueUs - nowUs()) / 1000;
    if (waitMs > 0) run.poll(Math.ceil(waitMs)); // late by a millisecond at most
    else {
      run.publish(dueUs);
      index++;
      if (index % 8 === 0) run.poll(0);
    }
  }
  const deadline = performance.now() + GRACE_MS;
  while (!(run.isQuiet && run.answered) && performance.now() < deadline) run.poll(100);
  return run.result();
}

/** Publishes a message once all clients have received the one before. */
export function publishOneByOne(crowd: Crowd, order: OneOrder): Published {
  using run = new Run(crowd, order);
  while (run.seconds < order.seconds) {
    run.publish(nowUs());
    const deadline = performance.now() + GRACE_MS;
    while (!(run.isQuiet && run.answered) && performance.now() < deadline) run.poll(100);
  }
  return run.result();
}

/** Publishes without subscribers, as fast as possible. */
export function call({ publishing, connections, batch, seconds }: CallsOrder): Called {
  using poller = new Poller();
  const publishers = Array.from(
    { length: connections },
    (_, number) => new Publisher(publishing, poller, number),
  );
  const data = Array.from({ length: batch }, (_, index) => dataOf(index + 1, 0, LENGTH));
  for (const publisher of publishers) publisher.publish(data);
  const startedAt = performance.now();
  while (performance.now() - startedAt < seconds * 1000) {
    poller.poll(100, (number) => {
      const publisher = publishers[number];
      const answered = publisher?.answered;
      publisher?.read();
      if (publisher?.answered !== answered) publisher?.publish(data);
    });
  }
  const elapsed = (performance.now() - startedAt) / 1000;
  const answered = publishers.reduce((sum, publisher) => sum + publisher.answered, 0);
  for (const publisher of publishers) publisher[Symbol.dispose]();
  return { perSecond: answered * batch / elapsed };
}
