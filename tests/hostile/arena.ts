/**
 * Where one attack takes place: a server of its own, a witness, and what must hold afterwards.
 *
 * @module
 */

import { pause } from "../faults/publisher.ts";
import type { Attack, Transport } from "./attack.ts";
import { DirectusFront } from "./directus_front.ts";
import { Target } from "./target.ts";
import { Thread } from "./thread.ts";
import type { WitnessOrder, WitnessReport } from "./witness_worker.ts";

/** What came of an attack. */
export interface Result {
  /** What was done, and how the server answered. */
  readonly said: string;
  /** Memory before, at most, and after, in MiB. */
  readonly memory: readonly [before: number, most: number, after: number];
  /** The witness's longest latency, in milliseconds, and how many messages it got. */
  readonly worstMs: number;
  readonly received: number;
  /** How long it all took, in milliseconds. */
  readonly elapsedMs: number;
  /** What must not be. */
  readonly faults: readonly string[];
}

const TOKEN = "the-hostile-suites-publish-token";

/** Gauges, once everybody but the witness has left. */
const WITNESS_ONLY = {
  connections: 1,
  subscriptions: 1,
  topics: 1,
  pending_upgrades: 0,
  closing_sockets: 0,
  directus_calls_in_flight: 0,
  directus_calls_queued: 0,
} as const;

/** Of what was read node:http keeps some for a while, but no more the next time. */
const KEEPS_MIB: Readonly<Record<Transport, number>> = { deno: 24, ws: 112 };
const MAX_MIB = 256;

/** Files and sockets that may be open afterwards beyond those before: calls kept alive. */
const KEEPS_DESCRIPTORS = 24;

/** How long one attack may take, in milliseconds. */
const ATTACK_MS = 60_000;

/** How long the server may take to get over it, in milliseconds, and how often to look. */
const SETTLE_MS = 30_000;
const LOOK_MS = 200;

/** How long it is left alone between two collections of garbage, which stop it, in milliseconds. */
const SWEEP_MS = 3_000;

/** What is wrong with a server that says nothing any more. */
const SILENT = "no answer";

/** How long the witness may take to say what it saw, in milliseconds. */
const REPORT_MS = 30_000;

/** Lines of the log, and faults of the witness, that are shown. */
const SHOWN = 5;

/** How long the server is watched before the attack, in milliseconds. */
const QUIET_MS = 500;

/** Runs an attack on a server of its own. Never rejects: what fails is a fault. */
export async function fight(attack: Attack, transport: Transport): Promise<Result> {
  const beginning = performance.now();
  const result = await onStage(attack, transport).catch((error) => ({
    said: "",
    memory: [NaN, NaN, NaN] as const,
    worstMs: NaN,
    received: 0,
    faults: [String(error)],
  }));
  return { ...result, elapsedMs: performance.now() - beginning };
}

async function onStage(attack: Attack, transport: Transport): Promise<Omit<Result, "elapsedMs">> {
  await using directus = new DirectusFront();
  await using target = await Target.start({
    ...attack,
    env: {
      DIRECTUS_BASE_URL: directus.url,
      LIVE_TOPICS: "event=events",
      LIVE_PUBLISH_TOKEN: TOKEN,
      LIVE_MAX_CONNECTIONS_PER_USER: "100000",
      ...(transport === "deno" ? {} : { LIVE_TRANSPORT: transport }),
      ...attack.env,
    },
  });
  using witness = new Thread("./witness_worker.ts");
  const order: WitnessOrder = {
    live: target.live,
    ops: target.ops,
    token: TOKEN,
    cookie: directus.session("witness"),
    topic: "event:1",
  };
  await witness.ask(order, REPORT_MS);
  await pause(QUIET_MS);
  const faults: string[] = [];
  const descriptors = target.descriptors;
  const before = await target.collect();
  let said = "";
  try {
    said = await within(
      attack.withinMs ?? ATTACK_MS,
      attack.run({ target, directus, transport, token: TOKEN }),
    );
  } catch (error) {
    faults.push(error instanceof Error ? error.stack ?? error.message : String(error));
  }
  if (target.isRunning) {
    const keeps = before + (attack.keepsMib ?? KEEPS_MIB[transport]);
    faults.push(...await lookAround(target, keeps, descriptors + KEEPS_DESCRIPTORS));
  } else faults.push("the server has ended");
  const report = await witness.ask<WitnessReport>("end", REPORT_MS).catch((error) => {
    faults.push(String(error));
    return { published: 0, received: 0, worstMs: NaN, faults: [] };
  });
  faults.push(...report.faults.slice(0, SHOWN).map((fault) => `witness: ${fault}`));
  if (report.received !== report.published) {
    faults.push(`witness: it got ${report.received} of ${report.published} messages`);
  }
  const memory = target.isRunning ? target.memory : { now: NaN, most: NaN };
  const most = over(memory.most, before + (attack.mostMib ?? MAX_MIB));
  if (most !== undefined) faults.push(`memory at most: ${most}`);
  const complaints = target.complaints.filter((line) => !attack.complains?.test(line));
  faults.push(...complaints.slice(0, SHOWN).map((line) => `log: ${line.slice(0, 400)}`));
  const { worstMs, received } = report;
  return { said, memory: [before, memory.most, memory.now], worstMs, received, faults };
}

/** Returns what is not as it was before, once the server has had time to get over the attack. */
async function lookAround(target: Target, mib: number, descriptors: number): Promise<string[]> {
  const looks: Record<string, () => Promise<unknown>> = {
    "healthz": async () => await target.answers("/healthz") ? undefined : SILENT,
    "gauges": () => left(target),
    "memory": async () => over(await swept(target, mib), mib),
    "descriptors": async () => over(target.descriptors - await lost(target), descriptors),
  };
  const faults: string[] = [];
  for (const [what, look] of Object.entries(looks)) {
    const wrong = await settle(look);
    if (wrong === undefined) continue;
    faults.push(`${what} afterwards: ${wrong}`);
    if (wrong === SILENT) break;
  }
  return faults;
}

/** Returns the gauges that are not what they should be, `undefined` if there are none. */
async function left(target: Target): Promise<unknown> {
  const metrics = await target.metrics().catch(() => undefined);
  if (metrics === undefined) return SILENT;
  const wrong = Object.entries(WITNESS_ONLY)
    .filter(([name, value]) => metrics.get(name) !== value)
    .map(([name, value]) => `${name} is ${metrics.get(name)}, not ${value}`);
  return wrong.length === 0 ? undefined : wrong.join(", ");
}

/**
 * Resolves to the sockets that were upgraded and never opened: Deno's own transport tells nothing of
 * a client that leaves in that very moment, and keeps its descriptor for good.
 */
async function lost(target: Target): Promise<number> {
  const metrics = await target.metrics();
  const upgraded = metrics.get('upgrades_total{result="accepted"}') ?? 0;
  return upgraded - (metrics.get('messages_outbound_total{type="welcome"}') ?? 0);
}

/** Collects garbage; resolves to what is held then. */
async function swept(target: Target, bound: number): Promise<number> {
  const held = await target.collect();
  if (held > bound) await pause(SWEEP_MS);
  return held;
}

function over(value: number, bound: number): string | undefined {
  return value <= bound ? undefined : `${value} over ${bound}`;
}

/** Looks until nothing is wrong any more; resolves to what still is when time is up. */
async function settle(look: () => Promise<unknown>): Promise<unknown> {
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    const wrong = await look();
    if (wrong === undefined || performance.now() > until) return wrong;
    await pause(LOOK_MS);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Attack took more than ${ms} ms`)), ms);
  return await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
