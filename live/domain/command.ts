/**
 * What an operator may take away, and the seam to the other instances that have to as well.
 *
 * @module
 */

import { z } from "zod";
import { renderedText } from "./rendered.ts";
import { parseTopic } from "./topic.ts";

/** Takes something away, as JSON has it. */
export type Command =
  /** Closes all connections of these users. */
  | { readonly user: readonly string[] }
  /** Closes the connection with this id. */
  | { readonly connection: string }
  /** Asks again for the right of everybody who listens to a topic; `event:*` is all of a prefix. */
  | { readonly topic: string };

/** Tells the other instances, and hears from them. */
export interface Control {
  /** Names who carries out what the others tell. Called once. */
  listen(handler: (command: Command) => void): void;
  /**
   * Tells all other instances.
   *
   * @throws {BrokerUnavailable} If they were not told, or if nobody knows.
   */
  send(command: Command): Promise<void>;
  /** Tells and hears no more. */
  stop(): Promise<void>;
}

/** Users that one command may name: a Flow is triggered once for many. */
const MAX_USERS = 1_000;

const KEYS = ["user", "topic", "connection"] as const;

const command = z.object({
  user: z.preprocess(
    (value) => Array.isArray(value) ? value : [value],
    z.array(renderedText).min(1).max(MAX_USERS),
  ).optional(),
  topic: renderedText.refine(
    (name) => parseTopic(name) !== undefined,
    "must be <prefix>:<id>, its id the key of one item, or <prefix>:*",
  ).optional(),
  connection: renderedText.optional(),
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
 * import { readCommand } from "./command.ts";
 *
 * assertEquals(readCommand({ user: "ada" }), { user: ["ada"] });
 * assertEquals(
 *   readCommand({ user: "ada", topic: "event:42" }),
 *   "Body must have exactly one of user, topic, connection: it has user, topic",
 * );
 * ```
 */
export function readCommand(value: unknown): Command | string {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const given = isObject ? KEYS.filter((key) => Reflect.get(value, key) !== undefined) : [];
  if (given.length !== 1) {
    return `Body must have exactly one of ${KEYS.join(", ")}: it has ${given.join(", ") || "none"}`;
  }
  const parsed = command.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "invalid" };
    return `${path.join(".")}: ${message}`;
  }
  return parsed.data as Command;
}

/** Tells whether a topic is meant by the one that a command names. */
export function isMeant(meant: string, topic: string): boolean {
  return meant === topic || meant.endsWith(":*") && topic.startsWith(meant.slice(0, -1));
}
