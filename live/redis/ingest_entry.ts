/**
 * Entries of the ingest stream.
 *
 * @module
 */

import { z } from "zod";
import { Publication } from "../domain/publication.ts";

/** An entry that was parsed. */
export interface IngestEntry {
  /** Its id in the stream. */
  readonly id: string;
  /** What it publishes, or what is wrong with it. */
  readonly publication: Publication | string;
}

/**
 * The longest payload, in UTF-16 code units: as many as the bytes that the body of a publish call may have.
 */
const MAX_DATA_LENGTH = 1_048_576;

/** An entry that was deleted while it was pending has no fields, or is no entry at all. */
const entries = z.array(z.tuple([z.string(), z.array(z.string()).nullable()]).nullable());

/** Reads entries as Redis lists them: each an id and its fields, flat. */
export function readEntries(reply: unknown): IngestEntry[] {
  return entries.parse(reply).filter((entry) => entry !== null).map(([id, flat]) => ({
    id,
    publication: flat === null ? "entry was deleted" : publicationOf(flat),
  }));
}

/** If a field occurs twice, its last value counts. Fields with other names are ignored. */
function publicationOf(flat: readonly string[]): Publication | string {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ""] = flat[i + 1] ?? "";
  const { topic, data: json, key, removed, id } = fields;
  if (removed !== undefined && removed !== "1") return "removed: must be 1";
  if (json !== undefined && json.length > MAX_DATA_LENGTH) {
    return `data: longer than ${MAX_DATA_LENGTH}`;
  }
  return Publication.read({ topic, key, removed: removed === "1", id }, json);
}
