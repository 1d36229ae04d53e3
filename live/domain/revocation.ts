/**
 * Revocations, and the seam that passes them on to other instances.
 *
 * @module
 */

import { z } from "zod";
import { canonicalKey } from "./item_key.ts";
import { isTopicOrPrefix } from "./topic.ts";
import { describeFault } from "./zod_fault.ts";

/** An operator's revocation, as JSON represents it. */
export type Revocation =
  /** Closes all connections of these users. */
  | { readonly user: readonly string[] }
  /** Closes the connection with this id. */
  | { readonly connection: string }
  /** Checks again the right of each subscriber of a topic; `event:*` is all topics of a prefix. */
  | { readonly topic: string };

/** Passes revocations between instances. */
export interface RevocationBus {
  /**
   * Sets the handler of revocations from other instances. Called once.
   *
   * @param handler Resolves once the revocation has taken effect; to a reason if it could not be carried
   * out completely.
   */
  listen(handler: (command: Revocation) => Promise<string | undefined>): void;
  /**
   * Sends a revocation to all other instances. Resolves once they have carried it out.
   *
   * @throws {BrokerUnavailable} If an instance has not confirmed it.
   */
  send(command: Revocation): Promise<void>;
}

/**
 * How many users one revocation may name. It is more than one because a Flow is triggered once for many
 * users.
 */
const MAX_USERS = 1_000;

const KEYS = ["user", "topic", "connection"] as const;

/** The longest id or name, in UTF-16 code units. */
const MAX_LENGTH = 256;

const text = z.string().min(1).max(MAX_LENGTH);

const command = z.object({
  user: z.preprocess(
    (value) => Array.isArray(value) ? value : [value],
    z.array(text).min(1).max(MAX_USERS),
  ).optional(),
  topic: text.refine(
    isTopicOrPrefix,
    "must be <prefix>:<id>, its id the key of one item, or <prefix>:*",
  ).optional(),
  connection: text.optional(),
});

/**
 * Reads a revocation: an object with exactly one of `user` (an id, or an array of them), `topic` and
 * `connection`.
 *
 * @returns The revocation, or what is wrong with it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readRevocation } from "./revocation.ts";
 *
 * assertEquals(readRevocation({ user: "ada" }), { user: ["ada"] });
 * assertEquals(
 *   readRevocation({ user: "ada", topic: "event:42" }),
 *   "Body must have exactly one of user, topic, connection: it has user, topic",
 * );
 * ```
 */
export function readRevocation(value: unknown): Revocation | string {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const given = isObject ? KEYS.filter((key) => Reflect.get(value, key) !== undefined) : [];
  if (given.length !== 1) {
    return `Body must have exactly one of ${KEYS.join(", ")}: it has ${given.join(", ") || "none"}`;
  }
  const parsed = command.safeParse(value);
  if (!parsed.success) return describeFault(parsed.error);
  return parsed.data as Revocation;
}

/**
 * Returns whether a revocation's topic, such as `event:*`, covers a topic. Ids are compared as the
 * database stores them.
 */
export function coversTopic(revoked: string, topic: string): boolean {
  if (revoked.endsWith(":*")) return topic.startsWith(revoked.slice(0, -1));
  return canonicalTopic(revoked) === canonicalTopic(topic);
}

function canonicalTopic(name: string): string {
  const colon = name.indexOf(":") + 1;
  return name.slice(0, colon) + canonicalKey(name.slice(colon));
}
