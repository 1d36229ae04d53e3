/**
 * Joins the Prometheus expositions of several processes.
 *
 * @module
 */

/** Gauges that say how late something is. The highest of all processes counts. */
const LAG = /^[a-z_]+_lag_ms\b/;

/** Gauges that are 1 while a process is healthy. The joined gauge is 1 if all of them are. */
const ALL_OR_NONE = /^[a-z_]+_up\b/;

/**
 * Joins expositions: the values of equal series are added up, but of `…_up` series the lowest counts,
 * and of `…_lag_ms` series the highest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { joinExpositions } from "./exposition.ts";
 *
 * assertEquals(joinExpositions(["# TYPE a gauge\na 1\n", "# TYPE a gauge\na 2\n"]), "# TYPE a gauge\na 3\n");
 * ```
 */
export function joinExpositions(texts: readonly string[]): string {
  /** Lines of each metric in their order: comments, and series with their values. */
  const metrics = new Map<string, Map<string, number | undefined>>();
  for (const text of texts) {
    let metric = "";
    for (const line of text.split("\n").filter((line) => line !== "")) {
      metric = /^# \w+ (\S+)/.exec(line)?.[1] ?? metric;
      const lines = metrics.get(metric) ?? new Map<string, number | undefined>();
      metrics.set(metric, lines);
      const end = line.startsWith("#") ? line.length : line.lastIndexOf(" ");
      const series = line.slice(0, end);
      const value = end === line.length ? undefined : Number(line.slice(end + 1));
      lines.set(series, join(series, lines.get(series), value));
    }
  }
  const lines = [...metrics.values()].flatMap((lines) => [...lines]);
  return lines.map(([series, value]) =>
    value === undefined ? `${series}\n` : `${series} ${value}\n`
  )
    .join("");
}

function join(
  series: string,
  sum: number | undefined,
  value: number | undefined,
): number | undefined {
  if (sum === undefined || value === undefined) return value;
  if (LAG.test(series)) return Math.max(sum, value);
  return ALL_OR_NONE.test(series) ? Math.min(sum, value) : sum + value;
}
