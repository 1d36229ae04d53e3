/**
 * The command line of `live doctor`.
 *
 * @module
 */

import { ADDRESS_OPTIONS } from "../setup/addresses.ts";
import {
  describeOptions,
  type Options,
  type OptionTable,
  parseOptions,
} from "../terminal/options.ts";

const OPTIONS = {
  ...ADDRESS_OPTIONS,
  "login": {
    value: "EMAIL",
    meaning: "logs in as this user, and sends a message from end to end",
  },
  "topic": { value: "PREFIX:ID", meaning: "topic to subscribe to, if not an item of LIVE_TOPICS" },
  "open-files": { value: "LIMIT", meaning: "what ulimit -Hn says where the server runs" },
  "read-only": {
    meaning: "does not create the temporary Flow that tests whether Directus reaches Live",
  },
  "json": { meaning: "prints JSON" },
  "help": { meaning: "prints this text" },
} as const satisfies OptionTable;

/** Text of `live doctor --help`. */
export const DOCTOR_HELP: string = [
  "live doctor: checks the configuration against the real Directus and Redis. A line for each check",
  "says what is wrong and what to do. Exits with 1 if anything is at fault.",
  "",
  "Usage: live doctor [options]",
  "",
  ...describeOptions(OPTIONS),
  "",
  "DIRECTUS_ADMIN_TOKEN, the static token of an administrator, lets it see collections, Flows and",
  "the licence. DIRECTUS_PASSWORD is the password of --login; without it, the doctor asks. The",
  "configuration is that of the server: see live --help.",
].join("\n");

/** What the command line asks for. */
export type DoctorOptions = Options<typeof OPTIONS>;

/**
 * Reads the command line.
 *
 * @throws {UsageError} If an option is unknown or lacks its value.
 */
export function readDoctorOptions(args: readonly string[]): DoctorOptions {
  return parseOptions(args, OPTIONS);
}
