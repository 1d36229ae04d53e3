/**
 * The hostile suite: attacks the real server and checks that it survives.
 *
 * `deno task test:hostile [--transport=deno|ws] [--latency=judge|show] [attack …]` runs all attacks, or
 * those named. During each attack a witness, an honest publisher and subscriber, must get every message in
 * order. Its latency is compared with the latency of a second witness, whose server is not attacked,
 * because attackers and other programs slow down both. Afterwards nothing of the attack may be left. Exits
 * with 1 if a check fails. `--latency=show` prints latencies and does not judge them. It is for machines
 * that are busy from the start, so that latency at rest cannot be measured. Linux only: it reads `/proc`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type Attack, type Transport, transports } from "./attack.ts";
import { churn } from "./churn.ts";
import { controlFrames } from "./control_frames.ts";
import { crowds } from "./crowd.ts";
import { descriptors } from "./descriptors.ts";
import { directusFaults } from "./directus_faults.ts";
import { environment } from "./environment.ts";
import { failures } from "./failing_questions.ts";
import { frames } from "./frames.ts";
import { messages } from "./messages.ts";
import { ops } from "./ops.ts";
import { requests } from "./requests.ts";
import { revocations } from "./revocations.ts";
import { type Result, runAttack } from "./run_attack.ts";
import { slowDirectus } from "./slow_directus.ts";
import { slowReaders } from "./slow_readers.ts";
import { returns } from "./slow_returns.ts";
import { streams } from "./streams.ts";
import { topics } from "./topics.ts";
import { Control } from "./witness.ts";

const attacks: readonly Attack[] = [
  ...slowReaders,
  ...returns,
  ...frames,
  ...controlFrames,
  ...requests,
  ...descriptors,
  ...messages,
  ...streams,
  ...topics,
  ...directusFaults,
  ...failures,
  ...revocations,
  ...slowDirectus,
  ...ops,
  ...environment,
  ...churn,
  ...crowds,
];

interface Choice {
  readonly transport: Transport;
  readonly judgesLatency: boolean;
  readonly chosen: readonly Attack[];
}

/** Reads the command line. @throws {TypeError} If it names an unknown attack or value. */
function readArguments(args: readonly string[]): Choice {
  const { values, positionals: names } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      transport: { type: "string", default: "deno" },
      latency: { type: "string", default: "judge" },
    },
  });
  const transport = transports.find((name) => name === values.transport);
  if (transport === undefined) {
    throw new TypeError(`Cannot run with --transport=${values.transport}: try ${transports}`);
  }
  if (!["judge", "show"].includes(values.latency)) {
    throw new TypeError(`Cannot run with --latency=${values.latency}: try judge or show`);
  }
  const known = attacks.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new TypeError(`Cannot run ${unknown}: the attacks are ${known}`);
  const chosen = attacks.filter(({ name }) => names.length === 0 || names.includes(name));
  return { transport, judgesLatency: values.latency === "judge", chosen };
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Prints one line about an attack, and one for each fault. */
function printResult(name: string, seconds: number, result: Result): void {
  const { memoryMib, heapGrowthMib, recoverySeconds, witness, slowdown, faults, summary } = result;
  const { medianMs } = witness;
  const columns = [
    faults.length === 0 ? "ok  " : "FAIL",
    name.padEnd(19),
    `${seconds.toFixed(1)} s`.padStart(7),
    memoryMib.join(" → ").padStart(15),
    heapGrowthMib.toFixed(1).padStart(6),
    [medianMs.before, medianMs.attack, medianMs.recovery].map((ms) => ms.toFixed(1)).join(" → ")
      .padStart(18),
    witness.maxMs.toFixed(0).padStart(6),
    `${recoverySeconds.toFixed(1)} s`.padStart(7),
    `${slowdown.toFixed(1)}×`.padStart(6),
  ];
  print(`${columns.join(" ")}  ${summary}`);
  for (const fault of faults) print(`     ${fault}`);
}

async function main(args: readonly string[]): Promise<boolean> {
  const { transport, judgesLatency, chosen } = readArguments(args);
  const startedAt = performance.now();
  print("Memory before the attack → at its peak → afterwards; growth of the heap, in MiB.");
  print(
    "The witness's median latency before the attack → during it → afterwards; its longest, in " +
      "milliseconds; the time until nothing of the attack was left; how much slower a server that " +
      "nothing attacked was meanwhile.",
  );
  await using control = await Control.start(transport);
  let failures = 0;
  for (const attack of chosen) {
    const attackedAt = performance.now();
    const result = await runAttack(attack, transport, control, judgesLatency);
    printResult(attack.name, (performance.now() - attackedAt) / 1000, result);
    if (result.faults.length > 0) failures++;
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  print(`${chosen.length - failures} of ${chosen.length} attacks repelled in ${seconds} s`);
  return failures === 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args) ? 0 : 1); // ends everything that an attack left open
