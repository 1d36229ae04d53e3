/**
 * What a scenario is.
 *
 * @module
 */

/** What one curve of the chart shows. */
export interface Curve {
  readonly server: string;
  /** Messages a second and the 99th percentile of latency in ms, in rising order. */
  readonly points: readonly (readonly [perSecond: number, p99: number])[];
}

/** What came of a scenario. */
export interface Outcome {
  /** Markdown, without a heading. */
  readonly text: string;
  /** A chart's curves, by its title. */
  readonly charts?: Readonly<Record<string, readonly Curve[]>>;
}

/** Measures something. */
export interface Scenario {
  /** What the heading says. */
  readonly title: string;
  /** Runs so many rounds. */
  run(rounds: number): Promise<Outcome>;
}
