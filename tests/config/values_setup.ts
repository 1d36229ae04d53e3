/**
 * Values of single variables.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Config } from "../../live/config/config.ts";
import { readConfig } from "../../live/config/read_config.ts";
import { BASE_URL, REQUIRED } from "./config_contract.ts";

/** Reads one variable beside those that are required. */
export function read(name: keyof Config, text: string): unknown {
  const result = readConfig({ [REQUIRED]: BASE_URL, [name]: text });
  assert(result.ok, result.ok ? "" : result.faults.join("\n"));
  return result.config[name];
}

/** Asserts that a value of one variable is refused, and that the fault names it. */
export function assertRefused(name: keyof Config, text: string): void {
  const result = readConfig({ [REQUIRED]: BASE_URL, [name]: text });
  assert(!result.ok, `accepted ${name}=${text}`);
  assertEquals(result.faults.length, 1);
  assertStringIncludes(result.faults[0] ?? "", `${name} must be `);
}

/** Shortens a value for the name of a test. */
export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 16)}… (${text.length})` : text;
}
