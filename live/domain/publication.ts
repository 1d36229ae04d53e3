/**
 * Publications: what a publisher appends to a topic's log. They are built here and nowhere else.
 *
 * @module
 */

import { z } from "zod";
import { compactJson, isJson } from "./json_text.ts";
import { parseTopic } from "./topic.ts";
import { describeFault } from "./zod_fault.ts";

/** The longest key, in UTF-16 code units. */
export const MAX_KEY_LENGTH = 256;

/** What a publication is built from. */
export interface PublicationInput {
  /** Name of the topic. */
  readonly topic: string;
  /** What the publication replaces: of each key only the latest counts as state. */
  readonly key?: string | undefined;
  /** The payload: any value that JSON can hold. */
  readonly data?: unknown;
  /** The payload as JSON text, in place of `data`. It reaches subscribers digit by digit. */
  readonly json?: string | undefined;
  /** Takes the key out of the topic's state, in place of a payload. */
  readonly removed?: boolean | undefined;
}

const input = z.object({
  topic: z.string().refine(
    (name) => parseTopic(name) !== undefined,
    "must be <prefix>:<id>, its id the key of one item",
  ),
  key: z.string().max(MAX_KEY_LENGTH).optional(),
  removed: z.boolean().optional(),
});

/**
 * A valid publication. Only {@linkcode Publication.from} and {@linkcode Publication.read} create
 * one, so everything that a broker accepts is a well-formed topic name and valid JSON on one line:
 * a payload can neither forge a second message in a frame nor break a line format.
 */
export class Publication {
  /** Name of the topic. */
  readonly topic: string;
  /** What it replaces; `undefined` for an event, which is in the log but not in the state. */
  readonly key: string | undefined;
  /** The payload as JSON text without line breaks; `undefined` if it removes the key. */
  readonly json: string | undefined;
  /** Keeps plain objects from being taken for publications. */
  readonly #isValid = true;

  private constructor(topic: string, key: string | undefined, json: string | undefined) {
    this.topic = topic;
    this.key = key;
    this.json = json;
  }

  /** Returns whether a value is a publication. */
  static isPublication(value: unknown): value is Publication {
    return typeof value === "object" && value !== null && #isValid in value;
  }

  /**
   * Builds a publication. A value that is one already is returned unchanged.
   *
   * @throws {TypeError} If the topic's name, the key or the payload is not valid.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { Publication } from "./publication.ts";
   *
   * assertEquals(Publication.from({ topic: "event:42", data: { x: 1 } }).json, '{"x":1}');
   * assertEquals(Publication.from({ topic: "event:42", json: "[ 1e400 ]" }).json, "[1e400]");
   * ```
   */
  static from(value: PublicationInput): Publication {
    if (Publication.isPublication(value)) return value;
    const publication = Publication.read(value);
    if (typeof publication !== "string") return publication;
    throw new TypeError(`Cannot build a publication: ${publication}`);
  }

  /**
   * Reads a publication that somebody else wrote.
   *
   * @returns The publication, or what is wrong with it, as a sentence for the publisher.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { Publication } from "./publication.ts";
   *
   * assertEquals(Publication.read({ topic: "event:42" }), "data: missing");
   * ```
   */
  static read(value: unknown): Publication | string {
    const parsed = input.safeParse(value);
    if (!parsed.success) return describeFault(parsed.error);
    const { topic, key, removed = false } = parsed.data;
    const json = readJson(value as PublicationInput, removed);
    if (typeof json === "string") return json;
    if (removed && key === undefined) return "key: missing, as removed takes a key out";
    return new Publication(topic, key, json.text);
  }
}

/** Returns the payload's JSON text, none for a removal, or what is wrong with it. */
function readJson(
  { data, json }: PublicationInput,
  removed: boolean,
): { readonly text: string | undefined } | string {
  if (removed) {
    const isBare = data === undefined && json === undefined;
    return isBare ? { text: undefined } : "data: must be absent where removed is true";
  }
  if (json === undefined) {
    const text: string | undefined = JSON.stringify(data);
    return text === undefined ? "data: missing" : { text };
  }
  if (data !== undefined) return "data: must be absent where json is given";
  return isJson(json) ? { text: compactJson(json) } : "data: not JSON";
}
