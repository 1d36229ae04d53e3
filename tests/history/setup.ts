/**
 * Logs set up for a test.
 *
 * @module
 */

import { type LoggedPublication, messageLength } from "../../live/domain/broker.ts";
import type { PublicationInput } from "../../live/domain/publication.ts";
import { Publication } from "../../live/domain/publication.ts";
import { MemoryBroker, type MemoryBrokerOptions } from "../../live/history/memory_broker.ts";
import { TopicHistory, type TopicHistoryOptions } from "../../live/history/topic_history.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";

export const TOPIC = "event:42";
export const TTL_MS = 60_000;

/** Length of a publication of {@linkcode fill}. */
export const LENGTH: number = messageLength(TOPIC, { key: undefined, json: "0" });

/** A history and what its budget says. */
export interface HistorySetup {
  readonly history: TopicHistory;
  readonly budget: { used: number };
}

/** Creates a history of size 3 without readers, so that it keeps no more than its bounds. */
export function createHistory(options: Partial<TopicHistoryOptions> = {}): HistorySetup {
  const budget = { used: 0 };
  const history = new TopicHistory(TOPIC, { size: 3, ttlMs: TTL_MS, budget, ...options });
  return { history, budget };
}

/** Appends publications without a key, each as long as the others. */
export function fill(history: TopicHistory, count: number): void {
  for (let number = 0; number < count; number++) history.append({ key: undefined, json: "0" });
}

/** Appends `key=json` publications, `key` removals and `=json` events. */
export function append(history: TopicHistory, ...publications: string[]): void {
  for (const text of publications) history.append(appendedOf(text));
}

/** Restores a `key=json` publication. */
export function restore(history: TopicHistory, offset: number, text: string): void {
  const { key = "", json } = appendedOf(text);
  history.restore(offset, { key, json }, Date.now());
}

function appendedOf(text: string): Pick<LoggedPublication, "key" | "json"> {
  const [key = "", json] = text.split("=");
  return { key: key === "" ? undefined : key, json };
}

/** Writes publications as `offset:key=json`, the reverse of {@linkcode append}. */
export function show(publications: Iterable<LoggedPublication> | undefined): string[] | undefined {
  return publications &&
    Array.from(
      publications,
      ({ offset, key = "", json }) => `${offset}:${key}${json === undefined ? "" : `=${json}`}`,
    );
}

/** Returns the offsets of publications. */
export function offsets(
  publications: Iterable<LoggedPublication> | undefined,
): number[] | undefined {
  return publications && Array.from(publications, ({ offset }) => offset);
}

/** A memory broker that stops when it is disposed of. */
export class TestMemoryBroker extends MemoryBroker implements AsyncDisposable {
  readonly metrics: RecordingMetrics;

  constructor(options: Partial<MemoryBrokerOptions> = {}) {
    const metrics = new RecordingMetrics();
    const bounds = { historySize: 10, historyTtlMs: TTL_MS, historyMaxBytes: 1_000_000 };
    super({ ...bounds, ...options, metrics });
    this.metrics = metrics;
  }

  /** Length of all publications held. */
  get used(): number {
    return this.metrics.gauges.historyBytes;
  }

  /** Publishes publications without a key, each as long as the others; resolves to the epoch. */
  async fill(topic: string, count = 1): Promise<string> {
    const [position] = await this.put(...Array.from({ length: count }, () => ({ topic, data: 0 })));
    return position?.epoch ?? "";
  }

  /** Publishes a batch. */
  put(...batch: PublicationInput[]): ReturnType<MemoryBroker["publish"]> {
    return this.publish(batch.map((input) => Publication.from(input)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
