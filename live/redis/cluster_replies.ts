/**
 * What nodes of a Redis Cluster answer instead of running a command.
 *
 * @module
 */

import { z } from "zod";
import { SLOTS } from "./partition.ts";

/** Why a node did not run a command. After such a reply it is certain that the command did not run. */
export type Redirection =
  /** The slot is on another node now. */
  | { readonly kind: "moved"; readonly address: string }
  /** The slot is moving to another node, which already has the keys. */
  | { readonly kind: "ask"; readonly address: string }
  /** The keys are divided between two nodes, or no node holds the slot at the moment. */
  | { readonly kind: "later" };

/**
 * Reads a redirection from an error.
 *
 * @returns `undefined` if it is another error.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readRedirection } from "./cluster_replies.ts";
 *
 * const error = new Error("MOVED 3999 127.0.0.1:6381");
 * assertEquals(readRedirection(error), { kind: "moved", address: "127.0.0.1:6381" });
 * ```
 */
export function readRedirection(error: unknown): Redirection | undefined {
  const { message } = error instanceof Error ? error : new Error("");
  const [, what, host = "", port = ""] = /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(message) ?? [];
  if (what !== undefined) {
    return { kind: what === "MOVED" ? "moved" : "ask", address: addressOf(host, port) };
  }
  return /^(TRYAGAIN|CLUSTERDOWN)/.test(message) ? { kind: "later" } : undefined;
}

/** Joins a host, which may be an IPv6 address, and a port. */
export function addressOf(host: string, port: string | number): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Ranges of slots, each with its nodes, the master first. */
const ranges = z.array(
  z.tuple([
    z.number(),
    z.number(),
    z.tuple([z.string().nullable(), z.number()]).rest(z.unknown()),
  ]).rest(z.unknown()),
);

/**
 * Reads the answer of `CLUSTER SLOTS`.
 *
 * @param asked Host of the node that answered, for nodes that leave their own host out.
 * @returns The address of the master of each slot; `undefined` for a slot that no node holds.
 */
export function readSlots(reply: unknown, asked: string): (string | undefined)[] {
  const owners: (string | undefined)[] = new Array(SLOTS).fill(undefined);
  for (const [from, to, [host, port]] of ranges.parse(reply)) {
    owners.fill(addressOf(host || asked, port), from, to + 1);
  }
  return owners;
}
