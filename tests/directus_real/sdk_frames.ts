/**
 * What an app with Directus's SDK received, in a form in which two servers can be compared.
 *
 * @module
 */

/** A frame, or the end of a connection, as the script recorded it. */
// deno-lint-ignore no-explicit-any -- a frame may be anything
export type Frame = any;

/** A step of the script. */
export interface Step {
  readonly name: string;
  readonly frames: readonly Frame[];
}

/** What the script returned. */
export interface Received {
  readonly steps: readonly Step[];
  /** How many of ten rows that one call changed the app's loop saw, by event. */
  readonly yieldedOfTen?: Readonly<Record<string, number>>;
}

/** The intended differences: what Directus says in a step, and what the live server says in its place. */
export interface Difference {
  /** Name of the step. */
  readonly step: string;
  /** Returns what the live server says, from what Directus says. */
  readonly live: (frames: readonly Frame[]) => Frame[];
}

/**
 * Brings what was received into a form that does not depend on what may differ from run to run, or between
 * servers by intention everywhere:
 *
 * - Keys of rows are counted from the first that was seen.
 * - A `create` of several rows is one for each of them: Directus never joins them.
 * - Rows of an `update` or `delete` have no order.
 * - Errors have a code alone: their texts are for people, and Directus gives the `uid` from 12.4 on.
 * - A close code has no meaning for the SDK.
 */
export function comparable({ steps }: Received): Step[] {
  const keys = new Map<string, string>();
  const keyOf = (key: unknown) => {
    const text = String(key);
    if (!keys.has(text)) keys.set(text, `key ${keys.size + 1}`);
    return keys.get(text);
  };
  const rowOf = (row: Frame) => {
    if (typeof row !== "object" || row === null) return keyOf(row);
    return "id" in row ? { ...row, id: keyOf(row.id) } : row;
  };
  return steps.map(({ name, frames }) => ({
    name,
    frames: frames.flatMap((frame) => split(frame)).map((frame) => {
      if (frame.status === "error") {
        const { code } = frame.error;
        return { type: frame.type, code: code === "INVALID_COLLECTION" ? "FORBIDDEN" : code };
      }
      if (!("data" in frame)) return frame;
      const { data, ...rest } = frame;
      if (!Array.isArray(data)) return { ...rest, data: rowOf(data) };
      const rows = data.map(rowOf);
      return { ...rest, data: frame.event === "init" ? rows : rows.toSorted(byText) };
    }),
  }));
}

function split(frame: Frame): Frame[] {
  if (frame.event !== "create" || !Array.isArray(frame.data)) return [frame];
  return frame.data.map((row: Frame) => ({ ...frame, data: [row] }));
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

/** Returns what the live server is expected to say, from what Directus said. */
export function expected(steps: readonly Step[], differences: readonly Difference[]): Step[] {
  return steps.map((step) => {
    const difference = differences.find(({ step: name }) => name === step.name);
    return difference === undefined ? step : { ...step, frames: difference.live(step.frames) };
  });
}

/** Returns a step to compare: two subscriptions, and two rows of one call, have no order between them. */
export function sorted({ name, frames }: Step): unknown {
  return [name, frames.map((frame) => JSON.stringify(frame, sortedNames(frame))).toSorted()];
}

function sortedNames(frame: Frame): string[] {
  const names: string[] = [];
  JSON.stringify(frame, (name, value) => {
    names.push(name);
    return value;
  });
  return names.toSorted();
}
