/**
 * Figures of several rounds, and their format.
 *
 * @module
 */

/** A figure of each round. */
export type Rounds = readonly number[];

/** Returns the median. */
export function median(rounds: Rounds): number {
  const sorted = [...rounds].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle)
    ? ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
    : sorted[Math.floor(middle)] ?? NaN;
}

/** Formats the median, and the smallest and the largest figure if they differ from it. */
export function spread(rounds: Rounds): string {
  const [min, max] = [Math.min(...rounds), Math.max(...rounds)].map(short);
  const middle = short(median(rounds));
  return min === max ? middle : `${middle} (${min}–${max})`;
}

/** Formats the ratio of two figures, round by round. */
export function ratio(rounds: Rounds, others: Rounds): string {
  return `${spread(rounds.map((value, index) => value / (others[index] ?? NaN)))}×`;
}

/** Formats a figure with three significant digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toFixed(Math.min(digits, 3))).toLocaleString("en");
}

/** Formats a table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Writes a line of progress to standard error. */
export function print(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
