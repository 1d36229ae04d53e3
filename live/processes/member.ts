/**
 * One of several server processes, as its parent process sees it.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import { Deadline } from "../domain/deadline.ts";

/** A child process. */
export interface Child {
  /** Resolves to its exit code once it has ended. Never rejects. */
  readonly ended: Promise<number>;
  /** Makes it drain and end, as a signal would; calling it again does nothing. */
  stop(): void;
}

/**
 * Starts a process with its ops listener on this port of 127.0.0.1.
 *
 * @throws {Deno.errors.NotCapable} If the permission to start it is missing.
 */
export type Spawn = (index: number, opsPort: number) => Child;

/** Options of a process. */
export interface MemberOptions {
  /** Its number, from 0. */
  readonly index: number;
  /** Starts it. */
  readonly spawn: Spawn;
  /** Returns a free port. */
  readonly freePort: () => number;
  /** Logs when it ends and when it is restarted. */
  readonly logger: Logger;
}

/** A process that ends within this time of its start has failed, in milliseconds. */
const SHORT_LIFE_MS = 60_000;

/** Delay of the restart after the first failure, and the longest delay, in milliseconds. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/** How often the health of a starting process is checked, in milliseconds. */
const POLL_MS = 50;

/** How long a response may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** A process that is restarted whenever it ends, until it is stopped. */
export class Member {
  readonly #options: MemberOptions;
  #child: Child | undefined;
  #port = 0;
  #stopping = false;
  #failures = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** Creates a process that is not started. */
  constructor(options: MemberOptions) {
    this.#options = options;
  }

  /**
   * Starts it; resolves once its ops listener answers.
   *
   * @returns Its exit code if it ended before that.
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

  /** Sends a request to its ops listener; resolves to `undefined` if that does not answer. */
  async ask(path: string, init: RequestInit = {}): Promise<Response | undefined> {
    if (this.#child === undefined) return undefined;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      return await fetch(`http://127.0.0.1:${this.#port}${path}`, { ...init, signal });
    } catch {
      return undefined;
    }
  }

  /** Stops it; resolves once it has ended. */
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
    logger.error("process ended; restarting it", { process, code, pauseMs });
    this.#pause = setTimeout(() => this.#keepAlive(this.#spawn(), performance.now()), pauseMs);
  }
}
