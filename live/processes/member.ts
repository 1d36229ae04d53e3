/**
 * One of several processes of the server, seen from the process that started it.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import { Deadline } from "../domain/deadline.ts";

/** A process that was started. */
export interface Child {
  /** Resolves to its exit code once it has ended. Never rejects. */
  readonly ended: Promise<number>;
  /** Tells it to drain and end, as a signal would; calling it again does nothing. */
  stop(): void;
}

/**
 * Starts a process whose ops listener is on this port of 127.0.0.1.
 *
 * @throws {Deno.errors.NotCapable} If it may not be started.
 */
export type Spawn = (index: number, opsPort: number) => Child;

/** What a member needs. */
export interface MemberOptions {
  /** Its place among the others, from 0. */
  readonly index: number;
  /** Starts it. */
  readonly spawn: Spawn;
  /** Returns a port that nobody listens on. */
  readonly freePort: () => number;
  /** Told when it ends and when it is started anew. */
  readonly logger: Logger;
}

/** Ended so soon after its start, in milliseconds, a process has failed. */
const SHORT_LIFE_MS = 60_000;

/** How long to wait before a process is started anew after its first failure, and at most, in ms. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/** How often a process that starts is asked whether it lives, in milliseconds. */
const POLL_MS = 50;

/** How long an answer may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** A process that is started anew whenever it ends, until it is told to stop. */
export class Member {
  readonly #options: MemberOptions;
  #child: Child | undefined;
  #port = 0;
  #stopping = false;
  #failures = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** Creates a member that is not started. */
  constructor(options: MemberOptions) {
    this.#options = options;
  }

  /**
   * Starts it; resolves once its ops listener answers.
   *
   * @returns Its exit code if it ended before, else `undefined`.
   */
  async start(): Promise<number | undefined> {
    const child = this.#spawn();
    let code: number | undefined;
    child.ended.then((ended) => code = ended);
    while (code === undefined) {
      const answer = await this.ask("/healthz");
      await answer?.body?.cancel();
      if (answer !== undefined) {
        this.#keepAlive(child, performance.now());
        return undefined;
      }
      using pause = new Deadline(POLL_MS);
      await pause.wait(child.ended);
    }
    return code;
  }

  /** Sends its ops listener a request; `undefined` if it does not answer. */
  async ask(path: string, init: RequestInit = {}): Promise<Response | undefined> {
    if (this.#child === undefined) return undefined;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      return await fetch(`http://127.0.0.1:${this.#port}${path}`, { ...init, signal });
    } catch {
      return undefined;
    }
  }

  /** Tells it to stop, for good; resolves once it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#pause);
    this.#child?.stop();
    await this.#child?.ended;
  }

  #spawn(): Child {
    const { index, spawn, freePort } = this.#options;
    this.#port = freePort();
    return this.#child = spawn(index, this.#port);
  }

  async #keepAlive(child: Child, startedAt: number): Promise<void> {
    const code = await child.ended;
    this.#child = undefined;
    if (this.#stopping) return;
    const isFailure = performance.now() - startedAt < SHORT_LIFE_MS;
    this.#failures = isFailure ? this.#failures + 1 : 0;
    const pauseMs = isFailure
      ? Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1))
      : 0;
    const { index: process, logger } = this.#options;
    logger.error("process ended; it is started anew", { process, code, pauseMs });
    this.#pause = setTimeout(() => this.#keepAlive(this.#spawn(), performance.now()), pauseMs);
  }
}
