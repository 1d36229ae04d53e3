/**
 * Options of a command line.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { UsageError } from "./command.ts";

/** One option of a command. */
export interface Option {
  /** Its value on the command line, for `--help`; a flag has none. */
  readonly value?: string;
  /** What it does, for `--help`. */
  readonly meaning: string;
}

/** Options by name, without the leading dashes. */
export type OptionTable = Readonly<Record<string, Option>>;

/** What the command line holds: text for options with a value, `true` for flags. */
export type Options<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: Table[Name] extends { readonly value: string } ? string : true;
};

/**
 * Parses a command line.
 *
 * @throws {UsageError} If an option is unknown, lacks its value, or is followed by a loose word.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseOptions } from "./options.ts";
 *
 * const table = { login: { value: "EMAIL", meaning: "logs in" }, json: { meaning: "prints JSON" } };
 * assertEquals({ ...parseOptions(["--login", "a@b.c"], table) }, { login: "a@b.c" });
 * ```
 */
export function parseOptions<const Table extends OptionTable>(
  args: readonly string[],
  table: Table,
): Options<Table> {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { value }]) =>
      [name, { type: value === undefined ? "boolean" : "string" }] as const
    ),
  );
  try {
    return parseArgs({ args: [...args], options }).values as Options<Table>;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Returns the lines of `--help` for a table of options. */
export function describeOptions(table: OptionTable): string[] {
  const names = Object.entries(table).map(([name, { value, meaning }]) =>
    [value === undefined ? `--${name}` : `--${name} ${value}`, meaning] as const
  );
  const width = Math.max(...names.map(([shown]) => shown.length));
  return names.map(([shown, meaning]) => `  ${shown.padEnd(width)}  ${meaning}`);
}
