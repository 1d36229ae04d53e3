/**
 * The hostile suite: attacks the real server in every way we know, and proves that it lives.
 *
 * `deno task test:hostile [--transport=deno|ws] [name …]`. A witness, who is connected and
 * subscribed all the time, must get every message; afterwards nothing of the attack may be left.
 * Exits with 1 if an assertion fails. Linux only: it reads `/proc`.
 *
 * @module
 */

import { acceptance } from "./acceptance.ts";
import { fight, type Result } from "./arena.ts";
import type { Attack, Transport } from "./attack.ts";
import { churn } from "./churn.ts";
import { crowds } from "./crowd.ts";
import { directusFaults } from "./directus_faults.ts";
import { floods } from "./floods.ts";
import { frames } from "./frames.ts";
import { say } from "./lines.ts";
import { messages } from "./messages.ts";
import { readers } from "./readers.ts";
import { requests } from "./requests.ts";
import { surroundings } from "./surroundings.ts";
import { topics } from "./topics.ts";

const attacks: readonly Attack[] = [
  ...readers,
  ...frames,
  ...floods,
  ...requests,
  ...messages,
  ...topics,
  ...directusFaults,
  ...surroundings,
  ...churn,
  ...crowds,
  ...acceptance,
];

function chosen(args: readonly string[]): { transport: Transport; attacks: readonly Attack[] } {
  const options = args.filter((arg) => arg.startsWith("--"));
  const names = args.filter((arg) => !arg.startsWith("--"));
  const unknownOption = options.find((option) => !/^--transport=(deno|ws)$/.test(option));
  if (unknownOption !== undefined) throw new TypeError(`Cannot understand ${unknownOption}`);
  const known = attacks.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new TypeError(`Cannot run ${unknown}: the attacks are ${known.join(", ")}`);
  }
  return {
    transport: options.includes("--transport=ws") ? "ws" : "deno",
    attacks: names.length === 0 ? attacks : attacks.filter(({ name }) => names.includes(name)),
  };
}

function tell(name: string, result: Result): void {
  const { memory: [before, most, after], worstMs, received, elapsedMs, faults, said } = result;
  say(
    `${faults.length === 0 ? "ok  " : "FAIL"} ${name.padEnd(20)}` +
      `${(elapsedMs / 1000).toFixed(1).padStart(6)} s  ` +
      `${before} → ${most} → ${after} MiB`.padEnd(24) +
      `witness ${received}, worst ${Math.round(worstMs)} ms`.padEnd(32) + said,
  );
  for (const fault of faults) say(`     ${fault}`);
}

if (import.meta.main) {
  const { transport, attacks } = chosen(Deno.args);
  const beginning = performance.now();
  say("     attack                  time  memory before → at most → after");
  let failures = 0;
  for (const attack of attacks) {
    const result = await fight(attack, transport);
    tell(attack.name, result);
    if (result.faults.length > 0) failures++;
  }
  const seconds = Math.round((performance.now() - beginning) / 1000);
  say(`${attacks.length - failures} of ${attacks.length} attacks repelled in ${seconds} s`);
  Deno.exit(failures === 0 ? 0 : 1);
}
