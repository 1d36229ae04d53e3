/**
 * Information about a process from Linux's `/proc`.
 *
 * @module
 */

/** Clock ticks a second, as Linux tells CPU time in; the same on every architecture. */
const TICKS = 100;

/** Returns the CPU time of a process, in seconds; 0 once it has ended. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS; // utime, stime
  } catch {
    return 0;
  }
}

/** Returns the resident memory of a process now and at its peak, in KiB. */
export function memoryKib(pid: number): { now: number; peak: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
  return { now: of("VmRSS"), peak: of("VmHWM") };
}
