/**
 * Recent measurements. The server only counts; rates and quantiles are differences between two answers.
 *
 * @module
 */

/** How long samples are kept, in milliseconds. */
const SPAN_MS = 300_000;

/**
 * The time over which rates and quantiles are taken, in milliseconds: several answers, so that they are
 * smooth.
 */
const WINDOW_MS = 10_000;

const PREFIX = "processor_live_";

/** The values of one answer, by metric. */
class Sample {
  /** When the server answered, in milliseconds since 1970. */
  at;
  #metrics = new Map();

  constructor(at, series) {
    this.at = at;
    for (const [name, value] of Object.entries(series)) {
      const [, metric = name, labels = ""] = /^([^{]+)(?:\{(.*)\})?$/.exec(name) ?? [];
      const values = this.#metrics.get(metric) ?? [];
      const pairs = labels.matchAll(/(\w+)="([^"]*)"/g);
      values.push({ labels: Object.fromEntries(Array.from(pairs, ([, k, v]) => [k, v])), value });
      this.#metrics.set(metric, values);
    }
  }

  /** Returns the series of a metric. */
  all(metric) {
    return this.#metrics.get(PREFIX + metric) ?? [];
  }

  /** Returns the sum of a metric's series whose labels have these values. */
  sum(metric, wanted = {}) {
    return this.all(metric)
      .filter(({ labels }) =>
        Object.entries(wanted).every(([name, value]) => labels[name] === value)
      )
      .reduce((sum, { value }) => sum + value, 0);
  }
}

/** Samples of the last minutes, and values that are computed from them. */
export class Samples {
  #samples = [];

  /** The samples, the oldest first. */
  get all() {
    return this.#samples;
  }

  /** Adds the series of an answer. */
  add(at, series) {
    const last = this.#samples.at(-1);
    if (last !== undefined && at <= last.at) return;
    this.#samples.push(new Sample(at, series));
    while (this.#samples[0].at < at - SPAN_MS) this.#samples.shift();
  }

  /** Forgets everything. */
  clear() {
    this.#samples.length = 0;
  }

  /** Returns the sample with which number n is compared; `undefined` for the first. */
  #before(n) {
    const { at } = this.#samples[n];
    let index = n - 1;
    while (index > 0 && at - this.#samples[index].at < WINDOW_MS) index--;
    return this.#samples[index];
  }

  /** Returns a gauge at sample n. */
  gauge(n, metric, labels) {
    return this.#samples[n].sum(metric, labels);
  }

  /** Returns how fast a counter rose until sample n, per second; `undefined` after a restart. */
  rate(n, metric, labels) {
    const before = this.#before(n);
    if (before === undefined) return undefined;
    const now = this.#samples[n];
    const rise = now.sum(metric, labels) - before.sum(metric, labels);
    return rise < 0 ? undefined : rise * 1000 / (now.at - before.at);
  }

  /** Returns all values of a counter's label. */
  values(metric, label) {
    const all = this.#samples.at(-1)?.all(metric) ?? [];
    return [...new Set(all.map(({ labels }) => labels[label]))];
  }

  /**
   * Returns the quantile of histograms until sample n, interpolated within a bucket; `undefined` if
   * nothing was measured.
   */
  quantile(n, quantile, ...metrics) {
    const before = this.#before(n);
    if (before === undefined) return undefined;
    const buckets = new Map();
    for (const [sample, sign] of [[this.#samples[n], 1], [before, -1]]) {
      for (const metric of metrics) {
        for (const { labels, value } of sample.all(`${metric}_bucket`)) {
          const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
          buckets.set(bound, (buckets.get(bound) ?? 0) + sign * value);
        }
      }
    }
    return interpolate([...buckets].sort(([a], [b]) => a - b), quantile);
  }
}

/** Returns the quantile of cumulative buckets. */
export function interpolate(buckets, quantile) {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total <= 0) return undefined;
  let [lower, below] = [0, 0];
  for (const [upper, upTo] of buckets) {
    if (upTo >= quantile * total) {
      const share = (quantile * total - below) / Math.max(upTo - below, 1);
      return upper === Infinity ? lower : lower + (upper - lower) * share;
    }
    [lower, below] = [upper, upTo];
  }
  return lower;
}
