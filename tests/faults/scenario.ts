/**
 * A scenario of the fault run: what breaks when, and the outcome.
 *
 * @module
 */

import { pause } from "./publisher.ts";
import { World, type WorldOptions } from "./world.ts";

/** An action on the world. */
export interface Step {
  /** Its description, for people. */
  readonly what: string;
  /** Carries it out. */
  act(world: World): unknown;
  /** How long to wait before, in milliseconds. */
  readonly afterMs: number;
  /** Whether it breaks something, so that the time to recover counts from here. @default {false} */
  readonly breaks?: boolean;
}

/** The outcome of a scenario. */
export interface Outcome {
  readonly scenario: string;
  readonly published: number;
  /** Publish calls that were refused or not answered; the publisher repeated them. */
  readonly refused: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  /** Subscriptions that had to start over. */
  readonly restarts: number;
  /** Positions that were given twice, because a master was lost before it had copied them. */
  readonly reused: number;
  /** The longest time from a fault until publish calls were accepted again. */
  readonly recoveryMs: number;
  /** Everything that happened and must not happen. */
  readonly faults: readonly string[];
}

/** A scenario. */
export interface Scenario {
  readonly name: string;
  /** Runs it in its own world. */
  run(): Promise<Outcome>;
}

/** How long messages are published after the last step, in milliseconds. */
const QUIET_MS = 3_000;

/**
 * Publishes while the steps are carried out one after the other. Afterwards, every client must have
 * received every message of its topics once and in order, or must have started over. It must hold the same
 * state as the server.
 *
 * @param judge Adds further faults.
 */
export async function play(
  scenario: string,
  options: WorldOptions,
  steps: readonly Step[],
  judge: (world: World) => void = () => {},
): Promise<Outcome> {
  say(scenario);
  await using world = await World.start(options);
  const { ledger, publisher } = world;
  const stop = new AbortController();
  const publishing = publisher.run(stop.signal);
  let recoveryMs = 0;
  let brokenAt: number | undefined;
  const note = () => {
    if (brokenAt === undefined || publisher.failedAt < brokenAt) return;
    recoveryMs = Math.max(recoveryMs, publisher.recoveredAt - brokenAt);
  };
  for (const { what, act, afterMs, breaks = false } of steps) {
    await pause(afterMs);
    say(`  ${what}`);
    if (breaks) {
      note();
      brokenAt = performance.now();
    }
    await act(world);
  }
  await pause(QUIET_MS);
  stop.abort();
  await publishing;
  note();
  await world.settle();
  judge(world);
  say(
    `  ${world.cuts} connections cut, ${ledger.delivered} messages delivered, ` +
      `${ledger.inSnapshots} of them in snapshots, ${ledger.recovered} recoveries`,
  );
  return {
    scenario,
    published: publisher.published,
    refused: publisher.failures,
    lost: ledger.counts.lost,
    duplicated: ledger.counts.duplicated,
    outOfOrder: ledger.counts["out of order"],
    restarts: ledger.restarts,
    reused: ledger.reused,
    recoveryMs,
    faults: ledger.faults,
  };
}

/** Writes a line with the time. */
export function say(text: string): void {
  const seconds = (performance.now() / 1000).toFixed(1).padStart(6);
  Deno.stdout.writeSync(new TextEncoder().encode(`${seconds} s  ${text}\n`));
}
