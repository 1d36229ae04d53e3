/**
 * The metrics of all threads as one.
 *
 * @module
 */

import type { Metrics } from "../domain/metrics.ts";
import { type Call, KINDS, type Measurements, type MetricName } from "./measurements.ts";

/** One thread's part of the metrics. */
export interface MetricsMember {
  /** Adds what the thread has measured. */
  add(measurements: Measurements): void;
  /** Removes the thread's gauges. Its counts stay, so that no counter falls. */
  leave(): void;
}

/** A method of the metrics, as messages from other threads call it. */
type Method = (...args: (string | number)[]) => void;

/**
 * Adds up the metrics of all threads. The main thread records its own through {@linkcode
 * JoinedMetrics.own}.
 */
export class JoinedMetrics {
  /** The main thread's own. */
  readonly own: Metrics;
  readonly #metrics: Metrics;
  /** The gauges of each thread. */
  readonly #members = new Set<Map<MetricName, number>>();

  /** Creates joined metrics that pass the totals on. */
  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    const gauges = new Map<MetricName, number>();
    this.#members.add(gauges);
    const methods = (Object.keys(KINDS) as MetricName[]).map((name) => [
      name,
      isShared(name) ? (value: number) => this.#set(gauges, name, value) : this.#method(name),
    ]);
    this.own = Object.fromEntries(methods);
  }

  /** Adds a thread. */
  join(): MetricsMember {
    const gauges = new Map<MetricName, number>();
    this.#members.add(gauges);
    return {
      add: ({ gauges: changed, counts, times }) => {
        for (const [name, value] of changed) this.#set(gauges, name, value);
        for (const [call, count] of counts) this.#count(call, count);
        for (const [name, ...args] of times) this.#method(name)(...args);
      },
      leave: () => {
        this.#members.delete(gauges);
        for (const name of gauges.keys()) this.#report(name);
      },
    };
  }

  /** Returns a gauge's value over all threads. */
  valueOf(name: MetricName): number {
    const values = [...this.#members].map((gauges) => gauges.get(name) ?? 0);
    return KINDS[name] === "highest"
      ? Math.max(0, ...values)
      : values.reduce((sum, value) => sum + value, 0);
  }

  #set(gauges: Map<MetricName, number>, name: MetricName, value: number): void {
    gauges.set(name, value);
    this.#report(name);
  }

  #report(name: MetricName): void {
    this.#method(name)(this.valueOf(name));
  }

  #count([name, ...labels]: Call, count: number): void {
    const method = this.#method(name);
    if (KINDS[name] === "counted") return method(...labels, count);
    for (let time = 0; time < count; time++) method(...labels);
  }

  #method(name: MetricName): Method {
    return (this.#metrics[name] as Method).bind(this.#metrics);
  }
}

function isShared(name: MetricName): boolean {
  return KINDS[name] === "sum" || KINDS[name] === "highest";
}
