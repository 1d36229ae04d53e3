/**
 * Runs before `main.ts`. At each SIGUSR1 it moves `Date` by hours, forward or back.
 *
 * @module
 */

const HOUR_MS = 3_600_000;

/**
 * By how much each signal moves the clock, in hours: forward by more than a day, and back to before the
 * start.
 */
const JUMPS = [6, -24, 48, -60, 31];

const RealDate = Date;
let offsetMs = 0;
let signals = 0;

globalThis.Date = class extends RealDate {
  constructor(...args: unknown[]) {
    super(...(args.length === 0 ? [Date.now()] : args) as [number]);
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
} as DateConstructor;

Deno.addSignalListener("SIGUSR1", () => {
  offsetMs += (JUMPS[signals++ % JUMPS.length] ?? 0) * HOUR_MS;
});
