/**
 * Reading what the scripts answer and announce.
 *
 * @module
 */

import { z } from "zod";
import type { Cursor } from "../domain/broker.ts";
import type { Announcement, LogState, StoredPublication } from "../history/stored_log.ts";

const logState = z.tuple([
  z.string(),
  z.number(),
  z.string(),
  z.array(z.tuple([z.string(), z.array(z.string()).length(6)])),
  z.array(z.string()),
]);

/** Reads the answer of the script that reads. */
export function readLogState(reply: unknown): LogState {
  const [epoch, offset, now, entries, flat] = logState.parse(reply);
  const fields = pairs(flat);
  const removed = fields.find(([field]) => field === "removed");
  return {
    epoch,
    offset,
    removedUpTo: Number(removed?.[1] ?? 0),
    now: Number(now),
    publications: entries.map(([id, [, at = "", , key = "", , data = ""]]) =>
      stored(id.split("-", 1)[0] ?? "", at, key, data)
    ),
    latest: fields.filter(([field]) => field.startsWith('"')).map(([key, value]) => {
      const [offset = "", at = "", data = ""] = value.split("\n");
      return stored(offset, at, key, data);
    }).sort((a, b) => a.offset - b.offset),
  };
}

/** What was appended, and the size of each partition afterwards. */
export interface AppendReply {
  /** The position of each publication; `undefined` for one that was skipped. */
  readonly cursors: (Cursor | undefined)[];
  /** The size of all topics of each partition, in bytes, by its key prefix. */
  readonly sizes: ReadonlyMap<string, number>;
}

const flatList = z.array(z.union([z.string(), z.number()]));

/** Reads the answer of the script that appends. */
export function readAppended(reply: unknown): AppendReply {
  const [positions, totals] = z.tuple([flatList, flatList]).parse(reply);
  return {
    cursors: pairs(positions).map(([epoch, offset]) =>
      epoch === "" ? undefined : { epoch: String(epoch), offset: Number(offset) }
    ),
    sizes: new Map(pairs(totals).map(([prefix, bytes]) => [String(prefix), Number(bytes)])),
  };
}

/** Reads an announcement. */
export function readAnnouncement(text: string): Announcement {
  const [epoch = "", ...lines] = text.split("\n");
  const publications: StoredPublication[] = [];
  for (let i = 0; i + 3 < lines.length; i += 4) {
    const [offset = "", at = "", key = "", data = ""] = lines.slice(i, i + 4);
    publications.push(stored(offset, at, key, data));
  }
  return { epoch, publications };
}

function stored(offset: string, at: string, key: string, data: string): StoredPublication {
  return {
    offset: Number(offset),
    at,
    key: key === "" ? undefined : JSON.parse(key),
    json: data === "" ? undefined : data, // a removal
  };
}

function pairs<T>(flat: readonly T[]): [T, T][] {
  return Array.from(
    { length: flat.length / 2 },
    (_, i) => [flat[2 * i] as T, flat[2 * i + 1] as T],
  );
}
