/**
 * Publications: what a publisher appends to a topic's log. This is the only place that builds them.
 *
 * @module
 */

import { z } from "zod";
import { compactJson, isJson } from "./json_text.ts";
import { parseTopic } from "./topic.ts";
import { describeFault } from "./zod_fault.ts";

/** The longest key, in UTF-16 code units. */
export const MAX_KEY_LENGTH = 256;

/** The longest id, in UTF-16 code units. */
export const MAX_ID_LENGTH = 256;

/** What a publication is built from. */
export interface PublicationInput {
  /** Name of the topic. */
  readonly topic: string;
  /**
   * The key of the publication. It replaces earlier ones with the same key: the latest of each key is the
   * state.
   */
  readonly key?: string | undefined;
  /** The payload: any value that JSON can hold. */
  readonly data?: unknown;
  /** The payload as JSON text, instead of `data`. Its numbers reach subscribers digit by digit. */
  readonly json?: string | undefined;
  /** Whether the publication removes the key from the topic's state. Then it has no payload. */
  readonly removed?: boolean | undefined;
  /** The publisher's id of the publication. Within the history's lifetime, an id is published only once. */
  readonly id?: string | undefined;
}

const input = z.object({
  topic: z.string().refine(
    (name) => parseTopic(name) !== undefined,
    "must be <prefix>:<id>, its id the key of one item",
  ),
  key: z.string().max(MAX_KEY_LENGTH).optional(),
  data: z.unknown().optional(),
  removed: z.boolean().optional(),
  id: z.string().min(1).max(MAX_ID_LENGTH).optional(),
});

/** What a publication consists of. */
export type PublicationParts = Pick<Publication, "topic" | "key" | "json" | "id">;

/**
 * A valid publication. Only the static methods create one, and nothing can change it afterwards. So
 * everything that a broker accepts has a well-formed topic name and valid JSON on one line: a payload
 * can neither forge a second message in a frame nor break a line format.
 */
export class Publication {
  /** Name of the topic. */
  readonly topic: string;
  /** Its key; `undefined` for an event, which is in the log but not in the state. */
  readonly key: string | undefined;
  /** The payload as JSON text without line breaks; `undefined` if it removes the key. */
  readonly json: string | undefined;
  /** The publisher's id of it; `undefined` if there is none, so that it may be published twice. */
  readonly id: string | undefined;
  /** Set only by the static methods, because JavaScript code can call a private constructor. */
  #isValid = false;

  private constructor({ topic, key, json, id }: PublicationParts) {
    this.topic = topic;
    this.key = key;
    this.json = json;
    this.id = id;
    Object.freeze(this);
  }

  /**
   * Builds a publication of the server itself, on a topic whose name publishers cannot use.
   *
   * @param data The payload: any value that JSON can hold.
   */
  static internal(topic: string, data: unknown): Publication {
    const publication = new Publication({
      topic,
      key: undefined,
      json: JSON.stringify(data),
      id: undefined,
    });
    publication.#isValid = true;
    return publication;
  }

  /** Rebuilds a publication that another thread of this process has built. */
  static received(parts: PublicationParts): Publication {
    const publication = new Publication(parts);
    publication.#isValid = true;
    return publication;
  }

  /** Returns whether a value is a publication, and not an object that only looks like one. */
  static isPublication(value: unknown): value is Publication {
    return typeof value === "object" && value !== null && #isValid in value && value.#isValid;
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
    const publication = Publication.read(value, value?.json);
    if (typeof publication !== "string") return publication;
    throw new TypeError(`Cannot build a publication: ${publication}`);
  }

  /**
   * Reads a publication that a publisher sent.
   *
   * @param value An object with `topic`, `key`, and `data` or `removed`. Other fields are ignored.
   * @param json The payload as JSON text, if `value` has no `data`.
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
  static read(value: unknown, json?: string): Publication | string {
    const parsed = input.safeParse(value);
    if (!parsed.success) return describeFault(parsed.error);
    const { topic, key, data, id, removed = false } = parsed.data;
    const payload = removed ? noPayload(data, json) : readPayload(data, json);
    if ("fault" in payload) return payload.fault;
    if (removed && key === undefined) return "key: missing; a removal must name the key";
    const publication = new Publication({ topic, key, json: payload.json, id });
    publication.#isValid = true;
    return publication;
  }
}

type Payload = { readonly json: string | undefined } | { readonly fault: string };

function noPayload(data: unknown, json: string | undefined): Payload {
  if (data === undefined && json === undefined) return { json: undefined };
  return { fault: "data: must be absent if removed is true" };
}

function readPayload(data: unknown, json: string | undefined): Payload {
  if (json === undefined) return writeJson(data);
  if (data !== undefined) return { fault: "data: must be absent if json is given" };
  // Also checked at run time: otherwise an object with a toString() could pass as JSON and change later.
  if (typeof json !== "string" || !isJson(json)) return { fault: "data: not JSON" };
  return { json: compactJson(json) };
}

function writeJson(data: unknown): Payload {
  try {
    const json: string | undefined = JSON.stringify(data);
    return json === undefined ? { fault: "data: missing" } : { json };
  } catch {
    return { fault: "data: cannot be written as JSON" }; // a cycle, a BigInt, or a toJSON() that throws
  }
}
