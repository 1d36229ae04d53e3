/**
 * Metrics of a thread, as they get to the main thread.
 *
 * @module
 */

import type { Metrics } from "../domain/metrics.ts";

/**
 * How the values of several threads become one: gauges are added up or the highest counts, counts are
 * added up, and times go into one histogram. What only the main thread knows is not sent.
 */
type Kind = "sum" | "highest" | "count" | "counted" | "time" | "main";

/** The kind of each metric; a `count` counts each call, and a `counted` has the count as its last argument. */
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

/** What a thread has measured since it sent its metrics last. */
export interface Measurements {
  /** The latest value of each gauge that has changed. */
  readonly gauges: readonly (readonly [name: MetricName, value: number])[];
  /** What was counted: a call, and how often it was made or what its counts add up to. */
  readonly counts: readonly (readonly [call: Call, count: number])[];
  /** What was timed. */
  readonly times: readonly Call[];
}

/** Times that are kept until they are sent. More are dropped: a histogram of so many changes no more. */
const MAX_TIMES = 20_000;

/** Metrics that are recorded, to be sent together. */
export class RecordedMetrics {
  /** Records. */
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
