/**
 * The text of `--help`.
 *
 * @module
 */

import { variables } from "./variables.ts";
import type { Variable } from "./variable.ts";

/** Returns the text of `--help`: the commands, and every variable with its meaning and default. */
export function usage(version: string): string {
  const lines = Object.entries<Variable<unknown>>(variables).map(([name, variable]) =>
    `  ${name}\n      ${variable.meaning} (${defaultOf(variable)})`
  );
  return [
    `live ${version}: live broadcast for Directus apps`,
    "",
    "Usage: live [check | doctor | setup | --help | --version]",
    "",
    "Without a command, it runs the server. The commands have a --help of their own:",
    "  check   validates the configuration, without the network",
    "  doctor  checks the configuration against the real Directus and Redis",
    "  setup   creates in Directus what the server needs",
    "",
    "Configuration is read from environment variables:",
    ...lines,
  ].join("\n");
}

function defaultOf(variable: Variable<unknown>): string {
  const text = variable.defaultIs ?? variable.default;
  return text === undefined ? "required" : `default: ${text}`;
}
