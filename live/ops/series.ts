/**
 * Metrics as JSON, for programs.
 *
 * @module
 */

/**
 * Returns the value of each series of a Prometheus exposition. Names are as in the exposition, with their
 * labels. Empty buckets are left out, because they are most of the text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { seriesOf } from "./series.ts";
 *
 * assertEquals(seriesOf('# TYPE a counter\na{by="x"} 2\nb 0.5\n'), { 'a{by="x"}': 2, b: 0.5 });
 * ```
 */
export function seriesOf(exposition: string): Record<string, number> {
  const series: [name: string, value: number][] = [];
  for (const line of exposition.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const end = line.lastIndexOf(" ");
    const value = Number(line.slice(end + 1));
    const isEmptyBucket = value === 0 && line.includes("_bucket{");
    if (!isEmptyBucket && Number.isFinite(value)) series.push([line.slice(0, end), value]);
  }
  return Object.fromEntries(series);
}
