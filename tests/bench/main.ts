/**
 * Runs the benchmarks: all of them, or those named. Exits with 1 if one breaks a bound of its own.
 *
 * @module
 */

import { reconnects } from "./reconnects.ts";

/** Benchmarks by name. Each prints what it measured and resolves to whether its bounds held. */
const benchmarks: Readonly<Record<string, () => Promise<boolean>>> = { reconnects };

if (import.meta.main) {
  const names = Deno.args.length > 0 ? Deno.args : Object.keys(benchmarks);
  const known = Object.keys(benchmarks).join(", ");
  const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
  if (unknown.length > 0) throw new TypeError(`Cannot run ${unknown}: the benchmarks are ${known}`);
  let holds = true;
  for (const name of names) holds = await benchmarks[name]?.() !== false && holds;
  Deno.exit(holds ? 0 : 1); // ends connections that nobody answers any more
}
