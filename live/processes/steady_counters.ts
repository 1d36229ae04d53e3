/**
 * Counters of a process that may be restarted.
 *
 * @module
 */

/** The kinds of metrics whose values only rise. */
const RISING = /^# TYPE (\S+) (?:counter|histogram)$/;

/**
 * Keeps a process's counters from falling: what a former life of the process counted is added to what
 * the present one counts, and a process that does not answer counts as it did last. Otherwise a sum over
 * several processes would fall, and `rate()` would take the whole rest for new.
 */
export class SteadyCounters {
  /** What former lives counted, by series. */
  readonly #former = new Map<string, number>();
  /** What the present life counted when it answered last, by series. */
  #present = new Map<string, number>();
  /** The comment lines of the counters, by metric. */
  readonly #comments = new Map<string, string[]>();

  /** Adds a scrape. A counter that is lower than before says that the process was restarted. */
  add(exposition: string): void {
    const counted = this.#read(exposition);
    const isRestarted = [...counted].some(([series, value]) =>
      value < (this.#present.get(series) ?? 0)
    );
    if (isRestarted) {
      for (const [series, value] of this.#present) {
        this.#former.set(series, (this.#former.get(series) ?? 0) + value);
      }
    }
    this.#present = counted;
  }

  /** Returns the exposition of what former lives counted, to be added to the present one's. */
  former(): string {
    return this.#write(this.#former);
  }

  /** Returns the exposition of everything that was counted, for a process that does not answer. */
  all(): string {
    const all = new Map(this.#former);
    for (const [series, value] of this.#present) all.set(series, (all.get(series) ?? 0) + value);
    return this.#write(all);
  }

  #read(exposition: string): Map<string, number> {
    const counted = new Map<string, number>();
    let metric = "";
    for (const line of exposition.split("\n").filter((line) => line !== "")) {
      if (line.startsWith("#")) {
        const rising = RISING.exec(line)?.[1];
        const named = /^# \w+ (\S+)/.exec(line)?.[1] ?? "";
        metric = rising ?? (named === metric ? metric : "");
        if (rising !== undefined) this.#comments.set(rising, [line]);
      } else if (metric !== "") {
        const end = line.lastIndexOf(" ");
        counted.set(`${metric}\n${line.slice(0, end)}`, Number(line.slice(end + 1)));
      }
    }
    return counted;
  }

  #write(counted: ReadonlyMap<string, number>): string {
    const metrics = new Map<string, string[]>();
    for (const [name, value] of counted) {
      const [metric = "", series = ""] = name.split("\n");
      const lines = metrics.get(metric) ?? [...this.#comments.get(metric) ?? []];
      metrics.set(metric, lines);
      lines.push(`${series} ${value}`);
    }
    return [...metrics.values()].flat().map((line) => `${line}\n`).join("");
  }
}
