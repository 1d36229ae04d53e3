/**
 * Lua scripts that Redis runs.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** A script, with the name under which Redis caches it. */
export interface Script {
  /** The script itself. */
  readonly text: string;
  /** Its SHA-1, in hexadecimal digits. */
  readonly sha: string;
}

/** Returns a script with its name, which is computed once. */
export function scriptOf(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
