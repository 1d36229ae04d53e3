/**
 * Runs one attack on a server of its own, with a witness, and checks what is left of it afterwards.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Attack, Transport } from "./attack.ts";
import { DirectusProxy } from "./directus_proxy.ts";
import { Target } from "./target.ts";
import { type Control, settingsOf, Witness } from "./witness.ts";
import type { WitnessAnswers, WitnessReport } from "./witness_worker.ts";

/** The result of an attack. */
export interface Result {
  /** What was done, and how the server reacted. */
  readonly summary: string;
  /** Resident memory before the attack, at its peak, and afterwards, in MiB. */
  readonly memoryMib: readonly [before: number, peak: number, after: number];
  /** By how much the JavaScript heap grew, without garbage, in MiB. */
  readonly heapGrowthMib: number;
  /** How long it took until nothing of the attack was left, in seconds. */
  readonly recoverySeconds: number;
  /** What the witness observed. */
  readonly witness: WitnessReport;
  /** How many times slower than at rest a server was meanwhile that nothing attacked. */
  readonly slowdown: number;
  /** What is wrong. */
  readonly faults: readonly string[];
}

/** Metrics that an attack must not leave higher than they were before. */
const GAUGES = [
  "connections",
  "subscriptions",
  "topics",
  "pending_upgrades",
  "closing_sockets",
  "directus_calls_in_flight",
  "directus_calls_queued",
] as const;

/** Defaults of an attack's bounds, in MiB. */
const MAX_GROWTH_MIB = 256;
const MAX_RETAINED_MIB: Readonly<Record<Transport, number>> = { deno: 48, ws: 112 };
const MAX_RETAINED_HEAP_MIB = 12;

/** How many more files and sockets may be open afterwards: connections to Directus, and of this suite. */
const MAX_RETAINED_DESCRIPTORS = 32;

/**
 * Latency that half of the witness's messages may have during an attack, and afterwards, in
 * milliseconds, on a machine that does nothing else. The slowdown of the control scales it. During an
 * attack the server has to answer bursts of some 25,000 messages, which takes it most of a second.
 */
const MAX_LATENCY_MS = { attack: 2_000, recovery: 100 } as const;

/** Latency that no slow machine excuses, in milliseconds. */
const NEVER_MS = 5_000;

/** An attack that takes longer than this is stuck, in milliseconds. */
const STUCK_MS = 600_000;

/** How long the server may take to recover, and how often to check, in milliseconds. */
const RECOVERY_MS = 120_000;
const POLL_MS = 200;

/** Time between two collections of garbage, which stop the server, in milliseconds. */
const COLLECT_MS = 1_000;

/** How many lines of the log, and faults of the witness, are shown. */
const MAX_SHOWN = 5;

const NO_ANSWER = "no answer";

/** Runs an attack. Never rejects: an error is a fault, and so is latency if it is to be judged. */
export async function runAttack(
  attack: Attack,
  transport: Transport,
  control: Control,
  judgesLatency: boolean,
): Promise<Result> {
  const faults: string[] = [];
  await using directus = new DirectusProxy();
  await using target = await Target.start({
    ...settingsOf(directus, transport),
    ...attack.env,
  }, {
    ...(attack.stdout === undefined ? {} : { stdout: attack.stdout }),
    ...(attack.maxOpenFiles === undefined ? {} : { maxOpenFiles: attack.maxOpenFiles }),
    ...(attack.preload === undefined ? {} : { preloads: [attack.preload] }),
  });
  using thread = await Witness.start(target, directus);
  const witness = <Name extends keyof WitnessAnswers>(name: Name) => thread.ask(name);
  await witness("latency");
  await witness("attack");
  const metrics = await target.metrics();
  const heapMib = await target.collect();
  const { descriptors, memoryMib: { now: beforeMib } } = target;

  await control.mark();
  let summary = "";
  try {
    summary = await orStuck(attack.run({ target, directus, transport }));
  } catch (error) {
    faults.push(error instanceof Error ? error.stack ?? error.message : String(error));
  }
  const slowdown = await control.slowdown();
  await witness("recovery");

  const endedAt = performance.now();
  const maxHeapMib = heapMib + (attack.maxRetainedHeapMib ?? MAX_RETAINED_HEAP_MIB);
  const maxMib = beforeMib + (attack.maxRetainedMib ?? MAX_RETAINED_MIB[transport]);
  faults.push(
    ...await check(target, {
      "GET /healthz": async () => await target.answers("/healthz") ? undefined : NO_ANSWER,
      "metrics": () => leftovers(target, metrics),
      "latency in ms": async () => {
        await control.mark();
        const latencyMs = await witness("latency");
        const maxMs = MAX_LATENCY_MS.recovery * await control.slowdown();
        return judgesLatency ? exceeds(latencyMs, maxMs) : undefined;
      },
      "heap in MiB": async () => exceeds(await collect(target, maxHeapMib), maxHeapMib),
      "memory in MiB": async () => exceeds(await settledMib(target, maxMib), maxMib),
      "descriptors": async () =>
        exceeds(target.descriptors - await lost(target), descriptors + MAX_RETAINED_DESCRIPTORS),
    }),
  );
  const recoverySeconds = (performance.now() - endedAt) / 1000;
  const report = await witness("report");
  faults.push(
    ...judge(
      report,
      judgesLatency ? Math.min(NEVER_MS, MAX_LATENCY_MS.attack * slowdown) : Infinity,
    ),
  );
  const { now, peak } = target.isRunning ? target.memoryMib : { now: NaN, peak: NaN };
  const peakFault = exceeds(peak, beforeMib + (attack.maxGrowthMib ?? MAX_GROWTH_MIB));
  if (peakFault !== undefined) faults.push(`peak memory in MiB: ${peakFault}`);
  const errors = target.errors.slice(0, MAX_SHOWN);
  faults.push(...errors.map((line) => `log: ${line.slice(0, 400)}`));
  const heapGrowthMib = target.isRunning ? await target.collect() - heapMib : NaN;
  const memoryMib = [beforeMib, peak, now] as const;
  return { summary, memoryMib, heapGrowthMib, recoverySeconds, witness: report, slowdown, faults };
}

/** Checks until each condition holds; resolves to those that do not hold in the end. */
async function check(
  target: Target,
  conditions: Readonly<Record<string, () => unknown>>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const [name, condition] of Object.entries(conditions)) {
    const deadline = performance.now() + RECOVERY_MS;
    let fault: unknown;
    do {
      if (!target.isRunning) return [...faults, "the server has ended"];
      fault = await condition();
      if (fault !== undefined) await sleep(POLL_MS);
    } while (fault !== undefined && performance.now() < deadline);
    if (fault !== undefined) faults.push(`${name} afterwards: ${fault}`);
    if (fault === NO_ANSWER) break;
  }
  return faults;
}

/** Resolves to the gauges that are higher than before. */
async function leftovers(
  target: Target,
  before: ReadonlyMap<string, number>,
): Promise<string | undefined> {
  const after = await target.metrics().catch(() => undefined);
  if (after === undefined) return NO_ANSWER;
  // A gauge that is missing is NaN, which is not lower either.
  const higher = GAUGES.filter((name) => !((after.get(name) ?? NaN) <= (before.get(name) ?? NaN)));
  const faults = higher.map((name) => `${name} is ${after.get(name)}, not ${before.get(name)}`);
  return faults.length === 0 ? undefined : faults.join(", ");
}

/**
 * Resolves to the number of sockets that were upgraded and never opened. Deno's own transport gets no
 * event if the client disconnects in that moment, and the descriptor stays open.
 */
async function lost(target: Target): Promise<number> {
  const metrics = await target.metrics();
  const upgraded = metrics.get('upgrades_total{result="accepted"}') ?? 0;
  return upgraded - (metrics.get('messages_outbound_total{type="welcome"}') ?? 0);
}

/** Collects garbage; resolves to the size of the heap in MiB. */
async function collect(target: Target, max: number): Promise<number> {
  const heapMib = await target.collect();
  if (heapMib > max) await sleep(COLLECT_MS);
  return heapMib;
}

/** Resolves to the resident memory in MiB; collects garbage again if it is larger than it may be. */
async function settledMib(target: Target, max: number): Promise<number> {
  if (target.memoryMib.now > max) await collect(target, 0);
  return target.memoryMib.now;
}

/** Returns what is wrong with what the witness observed. */
function judge({ published, received, medianMs, faults }: WitnessReport, maxMs: number): string[] {
  const late = exceeds(medianMs.attack, maxMs);
  return [
    ...faults.slice(0, MAX_SHOWN),
    ...(received === published ? [] : [`received ${received} of ${published} messages`]),
    ...(late === undefined ? [] : [`median latency in ms during the attack: ${late}`]),
  ].map((fault) => `witness: ${fault}`);
}

function exceeds(value: number, max: number): string | undefined {
  return value <= max ? undefined : `${value.toFixed(1)}, at most ${max.toFixed(1)} allowed`;
}

/** Rejects if some work never ends. */
async function orStuck<T>(work: Promise<T>): Promise<T> {
  const abort = new AbortController();
  const stuck = sleep(STUCK_MS, undefined, { signal: abort.signal }).then(() => {
    throw new Error(`The attack is stuck after ${STUCK_MS / 1000} s`);
  });
  return await Promise.race([work, stuck]).finally(() => abort.abort());
}
