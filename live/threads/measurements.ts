/**
 * Metrics of a thread, in the form in which they cross to the main thread.
 *
 * @module
 */

import type { Metrics } from "../domain/metrics.ts";

/**
 * How the values of several threads are joined. Of gauges the sum or the highest value is taken; counts are
 * added up; times go into one histogram. Metrics that only the main thread knows are not sent.
 */
type Kind = "sum" | "highest" | "count" | "counted" | "time" | "main";

/**
 * The kind of each metric. A `count` rises by one with each call; the last argument of a `counted` is how
 * much it rises.
 */
export const KINDS = {
  connections: "sum",
  closingSockets: "sum",
  pendingUpgrades: "sum",
  subscriptions: "sum",
  topics: "main",
  historyBytes: "sum",
  upgrade: "count",
  disconnect: "count",
  received: "count",
  sent: "counted",
  published: "counted",
  authenticated: "time",
  authorised: "time",
  directusCalls: "main",
  callAvoided: "count",
  directusCircuitOpen: "main",
  revalidated: "count",
  revalidationLag: "highest",
  rightsWithdrawn: "counted",
  recovery: "count",
  skipped: "counted",
  conflated: "counted",
  redisUp: "main",
  ingested: "count",
  views: "main",
  viewRead: "time",
  publishToSend: "time",
  broadcast: "time",
  refused: "main",
  eventLoopDelay: "time",
} as const satisfies Record<keyof Metrics, Kind>;

/** Names of the metrics. */
export type MetricName = keyof Metrics;

/** A call of a metric's method. */
export type Call = readonly [name: MetricName, ...args: (string | number)[]];

/** What a thread has measured since it last sent its metrics. */
export interface Measurements {
  /** The latest value of each gauge that has changed. */
  readonly gauges: readonly (readonly [name: MetricName, value: number])[];
  /** Counts: a call, and how often it was made, or the sum of its last arguments. */
  readonly counts: readonly (readonly [call: Call, count: number])[];
  /** Times, one call each. */
  readonly times: readonly Call[];
}

/**
 * How many times are kept until they are sent. Further ones are dropped: they would hardly change the
 * histogram.
 */
const MAX_TIMES = 20_000;

/** Collects metrics, to send them together. */
export class RecordedMetrics {
  /** Records into this collection. */
  readonly metrics: Metrics;
  readonly #onRecorded: () => void;
  readonly #gauges = new Map<MetricName, number>();
  readonly #counts = new Map<string, { readonly call: Call; count: number }>();
  #times: Call[] = [];

  /** Creates metrics with nothing recorded. `onRecorded` is called each time that something is. */
  constructor(onRecorded: () => void) {
    this.#onRecorded = onRecorded;
    const names = Object.keys(KINDS) as MetricName[];
    const methods = names.map((name) => [name, this.#recorder(name, KINDS[name])]);
    this.metrics = Object.fromEntries(methods);
  }

  /** Returns what was recorded since the last time. */
  take(): Measurements {
    const measurements = {
      gauges: [...this.#gauges],
      counts: [...this.#counts.values()].map(({ call, count }) => [call, count] as const),
      times: this.#times,
    };
    this.#gauges.clear();
    this.#counts.clear();
    this.#times = [];
    return measurements;
  }

  #recorder(name: MetricName, kind: Kind): (...args: (string | number)[]) => void {
    switch (kind) {
      case "main":
        return () => {};
      case "sum":
      case "highest":
        return (value) => this.#recorded(this.#gauges.set(name, Number(value)));
      case "count":
        return (...labels) => this.#count([name, ...labels], 1);
      case "counted":
        return (...args) => this.#count([name, ...args.slice(0, -1)], Number(args.at(-1)));
      case "time":
        return (...args) => {
          if (this.#times.length < MAX_TIMES) this.#recorded(this.#times.push([name, ...args]));
        };
    }
  }

  #count(call: Call, count: number): void {
    const key = call.join(" ");
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { call, count });
    else counted.count += count;
    this.#onRecorded();
  }

  #recorded(_change: unknown): void {
    this.#onRecorded();
  }
}
