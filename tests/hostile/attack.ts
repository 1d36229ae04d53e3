/**
 * What an attack is, and what it works with.
 *
 * @module
 */

import type { Stdout } from "../support/program.ts";
import type { DirectusProxy } from "./directus_proxy.ts";
import type { Target } from "./target.ts";

/** The transports under attack. */
export const transports = ["deno", "ws"] as const;

/** What carries the server's WebSockets. */
export type Transport = (typeof transports)[number];

/** Memory of an idle connection on Deno, in bytes. */
const IDLE_BYTES = 32_768;

/** Above this the server hands no frame to a socket, so that it holds one frame more at most. */
const MARK_BYTES = 65_536;
const FRAME_BYTES = 65_536;

/** Garbage that V8 has not collected, in MiB. */
const GARBAGE_MIB = 128;

/**
 * What the allocator may keep after an attack that took much memory, in MiB. What the server itself
 * keeps would be in the heap, in a gauge, or among the descriptors.
 */
export const ALLOCATOR_MIB = 192;

/**
 * Returns how much the server's memory may grow, in MiB, whatever its clients ask for and however
 * slowly they read.
 */
export function connectionsMib(count: number): number {
  return Math.ceil(count * (IDLE_BYTES + MARK_BYTES + FRAME_BYTES) / 1_048_576 + GARBAGE_MIB);
}

/** What an attack works with. */
export interface AttackContext {
  /** The server under attack. */
  readonly target: Target;
  /** The Directus of that server. */
  readonly directus: DirectusProxy;
  /** The server's transport. */
  readonly transport: Transport;
}

/** An attack, and the bounds that the server has to keep during it and after it. */
export interface Attack {
  /** Its name on the command line. */
  readonly name: string;
  /** Environment variables of the server, beside those of all attacks. @default {{}} */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the server's standard output goes. @default {"read"} */
  readonly stdout?: Stdout;
  /** How many files the server may open. @default {as many as this process} */
  readonly maxOpenFiles?: number;
  /** A module that runs before `main.ts`, from the root of the repository. @default {none} */
  readonly preload?: string;
  /** How much memory may grow while the attack lasts, in MiB. @default {256} */
  readonly maxGrowthMib?: number;
  /**
   * How much more memory the server may hold after the attack, in MiB. The memory allocator keeps
   * some of what it got.
   *
   * @default {48, or 112 with `ws`: node:http keeps buffers of what it read}
   */
  readonly maxRetainedMib?: number;
  /**
   * How much larger the JavaScript heap may be after the attack, in MiB, without garbage. Code that
   * ran for the first time takes some.
   *
   * @default {12}
   */
  readonly maxRetainedHeapMib?: number;
  /**
   * Attacks, asserts how the server reacts, and disconnects all attackers.
   *
   * @returns What was done, how often, and how the server reacted.
   */
  readonly run: (context: AttackContext) => Promise<string>;
}
