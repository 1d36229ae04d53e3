/**
 * The command line of `live setup`.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { entriesOf } from "../config/rules.ts";
import { UsageError } from "../terminal/command.ts";
import { describeOptions, type OptionTable, parseOptions } from "../terminal/options.ts";
import { ADDRESS_OPTIONS, type Addresses, readAddresses } from "./addresses.ts";

const OPTIONS = {
  "collections": {
    value: "A,B",
    meaning: "collections whose changes are published, if not those of LIVE_TOPICS",
  },
  ...ADDRESS_OPTIONS,
  "dry-run": { meaning: "says what would change, and changes nothing" },
  "remove": { meaning: "removes what setup made, and nothing else" },
  "help": { meaning: "prints this text" },
} as const satisfies OptionTable;

/** What the command line asks for. */
export interface SetupOptions extends Addresses {
  /** Collections whose changes are published. */
  readonly collections: readonly string[];
  /** Where Directus reaches the ops listener, without a slash at the end. */
  readonly ops: string;
  /** Whether nothing is changed. */
  readonly dryRun: boolean;
  /** Whether what setup made is removed. */
  readonly remove: boolean;
}

/** Text of `live setup --help`. */
export const SETUP_HELP: string = [
  "live setup: creates in Directus what Live needs: two Flows, and a user with a token that reads",
  "who may read what. A second run changes nothing.",
  "",
  "Usage: live setup [options]",
  "",
  ...describeOptions(OPTIONS),
  "",
  "It works on behalf of an administrator, whose static token is in DIRECTUS_ADMIN_TOKEN or is",
  "asked for. The configuration is that of the server: see live --help.",
].join("\n");

/**
 * Reads the command line.
 *
 * @throws {UsageError} If it cannot be carried out.
 */
export function readSetupOptions(args: readonly string[], config: Config): SetupOptions {
  const options = parseOptions(args, OPTIONS);
  const { remove = false, "dry-run": dryRun = false } = options;
  const addresses = readAddresses(options, config);
  const collections = options.collections === undefined
    ? [...config.LIVE_TOPICS.values()].map(({ collection }) => collection)
    : entriesOf(options.collections);
  const named = [...new Set(collections)];
  const system = named.find((name) => name.startsWith("directus_"));
  if (system !== undefined) {
    throw new UsageError(`--collections must not name ${system}: it has no topics`);
  }
  if (named.length === 0 && !remove) {
    throw new UsageError(
      "Name the collections whose changes are published, by --collections or LIVE_TOPICS",
    );
  }
  if (addresses.ops === undefined && !remove) {
    throw new UsageError(
      `Name the address at which Directus reaches the ops listener, by --ops-url: ` +
        `OPS_HOST=${config.OPS_HOST} stands for all`,
    );
  }
  return { ...addresses, ops: addresses.ops ?? "", collections: named, dryRun, remove };
}
