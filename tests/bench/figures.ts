/**
 * Figures of several rounds, and how they are told.
 *
 * @module
 */

/** Figures of all rounds. */
export type Rounds = readonly number[];

/** Returns the median. */
export function median(rounds: Rounds): number {
  const sorted = [...rounds].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle)
    ? ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
    : sorted[Math.floor(middle)] ?? NaN;
}

/** Tells the median, and the least and the most if they differ from it. */
export function spread(rounds: Rounds): string {
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)].map(short);
  const middle = short(median(rounds));
  return least === most ? middle : `${middle} (${least}–${most})`;
}

/** Tells by how much figures of one run exceed another's, round by round. */
export function ratio(rounds: Rounds, others: Rounds): string {
  return `${spread(rounds.map((value, index) => value / (others[index] ?? NaN)))}×`;
}

/** Tells a figure with three digits that matter. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toFixed(Math.min(digits, 3))).toLocaleString("en");
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Writes a line for whoever watches. */
export function print(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
