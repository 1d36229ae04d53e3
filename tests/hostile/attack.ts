/**
 * What an attack is, and what it has to work with.
 *
 * @module
 */

import type { DirectusFront } from "./directus_front.ts";
import type { Output, Target } from "./target.ts";

/** What carries the server's WebSockets. */
export type Transport = "deno" | "ws";

/** What the attacker sees. */
export interface Scene {
  /** The server. */
  readonly target: Target;
  /** Its Directus. */
  readonly directus: DirectusFront;
  /** What carries its WebSockets. */
  readonly transport: Transport;
  /** Bearer of its publish call. */
  readonly token: string;
}

/** An attack. */
export interface Attack {
  /** What it is called by. */
  readonly name: string;
  /**
   * Variables of the server, beside those that all attacks need.
   *
   * @default {{}}
   */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Where the server's standard output goes.
   *
   * @default {"read"}
   */
  readonly output?: Output;
  /**
   * A module that runs in the server's process first.
   *
   * @default {none}
   */
  readonly preload?: string;
  /**
   * By how much memory may exceed afterwards what it was before, in MiB, garbage excepted. A process
   * that has just started has yet to compile its code, and malloc keeps some of what it got.
   *
   * @default {24, or 112 on `ws`}
   */
  readonly keepsMib?: number;
  /**
   * What the server may hold at most while it lasts, in MiB, beyond what it held before.
   *
   * @default {256}
   */
  readonly mostMib?: number;
  /**
   * How long it may take, in milliseconds.
   *
   * @default {60_000}
   */
  readonly withinMs?: number;
  /**
   * Errors that the server may log.
   *
   * @default {none}
   */
  readonly complains?: RegExp;
  /**
   * Attacks, asserts what the server does about it, and leaves: whoever connected, hangs up.
   *
   * @returns What was done, how often, and how the server answered.
   */
  readonly run: (scene: Scene) => Promise<string>;
}
