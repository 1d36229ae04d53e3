/**
 * What an operator may take away, and the seam to the other instances that have to as well.
 *
 * @module
 */

import { z } from "zod";
import { parseTopic } from "./topic.ts";
import { describeFault } from "./zod_fault.ts";

/** Takes something away, as JSON has it. */
export type Revocation =
  /** Closes all connections of these users. */
  | { readonly user: readonly string[] }
  /** Closes the connection with this id. */
  | { readonly connection: string }
  /** Asks again for the right of everybody who listens to a topic; `event:*` is all of a prefix. */
  | { readonly topic: string };

/** Tells the other instances, and hears from them. */
export interface RevocationBus {
  /** Names who carries out what the others tell. Called once. */
  listen(handler: (command: Revocation) => void): void;
  /**
   * Tells all other instances.
   *
   * @throws {BrokerUnavailable} If they were not told, or if nobody knows.
   */
  send(command: Revocation): Promise<void>;
}

/** Users that one command may name: a Flow is triggered once for many. */
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
    (name) => parseTopic(name) !== undefined,
    "must be <prefix>:<id>, its id the key of one item, or <prefix>:*",
  ).optional(),
  connection: text.optional(),
});

/**
 * Reads a command: an object with exactly one of `user` (an id, or an array of them), `topic` and
 * `connection`.
 *
 * @returns The command, or what is wrong with it.
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

/** Tells whether a topic is meant by the one that a command names. */
export function isMeant(meant: string, topic: string): boolean {
  return meant === topic || meant.endsWith(":*") && topic.startsWith(meant.slice(0, -1));
}
