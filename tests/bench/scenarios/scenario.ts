/**
 * The shape of a scenario.
 *
 * @module
 */

/** A curve of a chart. */
export interface Curve {
  readonly server: string;
  /** Messages per second and the 99th percentile of latency in ms, in rising order. */
  readonly points: readonly (readonly [perSecond: number, p99: number])[];
}

/** The result of a scenario. */
export interface Outcome {
  /** Markdown, without a heading. */
  readonly text: string;
  /** Curves of charts, by the chart's title. */
  readonly charts?: Readonly<Record<string, readonly Curve[]>>;
}

/** A scenario. */
export interface Scenario {
  /** Its heading. */
  readonly title: string;
  /** Runs a number of rounds. */
  run(rounds: number): Promise<Outcome>;
}
