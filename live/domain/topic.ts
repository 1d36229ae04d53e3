/**
 * Names of topics: `<prefix>:<id>`, where the prefix stands for a Directus collection and the id
 * for the primary key of one of its items.
 *
 * @module
 */

/** A well-formed topic name and its parts. */
export interface Topic {
  /** The whole name, for example `event:42`. */
  readonly name: string;
  /** The part before the first colon. */
  readonly prefix: string;
  /** The part after it: the primary key, not decoded. */
  readonly id: string;
}

/** Where the items behind a prefix are found in Directus. */
export interface TopicSource {
  /** The collection's name. */
  readonly collection: string;
  /** The field that holds its primary key. */
  readonly primaryKey: string;
}

/** The longest topic name that is accepted, in UTF-16 code units. */
export const MAX_TOPIC_LENGTH = 256;

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/**
 * Ids that would not address one item in a Directus URL (topic confusion, CWE-22). An empty id and `.` list
 * the whole collection, `..` leaves it, and `/ ? # %` end the path or decode to something else. Control
 * characters could forge lines in logs and line formats.
 */
// deno-lint-ignore no-control-regex
const UNSAFE_ID = /^\.{0,2}$|[/?#%\u0000-\u001f\u007f-\u009f]/;

/** Prefixes of topics on which only the server itself publishes. */
const RESERVED_PREFIXES: ReadonlySet<string> = new Set(["view", "presence"]);
/** The id that stands for all topics of a prefix. */
const RESERVED_ID = "*";

/** Returns whether a string can name a collection, or a prefix that stands for one. */
export function isCollectionName(text: string): boolean {
  return text.length <= MAX_TOPIC_LENGTH && NAME.test(text);
}

/**
 * Parses the name of a topic.
 *
 * @param name The name as a client or publisher sent it.
 * @returns The topic; `undefined` if the name is malformed, or if Directus could read its id as
 * anything but the key of one item.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseTopic } from "./topic.ts";
 *
 * assertEquals(parseTopic("event:42"), { name: "event:42", prefix: "event", id: "42" });
 * assertEquals(parseTopic("event:.."), undefined);
 * ```
 */
export function parseTopic(name: string): Topic | undefined {
  if (name.length > MAX_TOPIC_LENGTH || !name.isWellFormed()) return undefined;
  const colon = name.indexOf(":");
  if (colon < 0) return undefined;
  const prefix = name.slice(0, colon);
  const id = name.slice(colon + 1);
  if (!isCollectionName(prefix) || RESERVED_PREFIXES.has(prefix)) return undefined;
  return UNSAFE_ID.test(id) || id === RESERVED_ID ? undefined : { name, prefix, id };
}

/** Returns whether a text is the name of a topic, or `<prefix>:*` for all topics of a prefix. */
export function isTopicOrPrefix(text: string): boolean {
  return parseTopic(text.replace(/:\*$/, ":0")) !== undefined;
}

/** Returns the name of a collection's primary key: `id`, unless a topic's source says otherwise. */
export function primaryKeyOf(
  collection: string,
  topics: ReadonlyMap<string, TopicSource>,
): string {
  for (const source of topics.values()) {
    if (source.collection === collection) return source.primaryKey;
  }
  return "id";
}
