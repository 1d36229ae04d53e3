/**
 * One thread that serves clients, as the main thread sees it.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import type { DrainResult } from "../http/live_server.ts";
import type { StatusPart, StatusQuery } from "../domain/status.ts";
import type { Revocation } from "../domain/revocation.ts";
import type { Revoked } from "../session/revoke.ts";
import { Channel, type Port } from "./channel.ts";
import type { ThreadCalls, ThreadOrders } from "./protocol.ts";
import { type SharedParts, ThreadHost } from "./thread_host.ts";

/** A worker that runs {@linkcode serveThread}. */
export interface ThreadWorker extends Port {
  /** Called when the worker has failed. By then it has ended. */
  onerror: ((event: ErrorEvent) => void) | null;
  /** Ends it, and its connections. */
  terminate(): void;
}

/** Starts a worker. */
export type Spawn = (index: number) => ThreadWorker;

/** Options of a thread. */
export interface ThreadOptions {
  /** Its number, from 1. */
  readonly index: number;
  /** Starts its worker. */
  readonly spawn: Spawn;
  /** Returns what it needs to start. */
  readonly orders: () => ThreadOrders;
  /** What all threads share. */
  readonly shared: SharedParts;
  /**
   * Called if the thread's event loop stands still. Deno cannot end such a thread (denoland/deno#35657):
   * its connections stay open, and new ones still reach it. So the process has to end.
   */
  readonly onHung: (error: Error) => void;
  /** Logs when it ends and when it is replaced. */
  readonly logger: Logger;
}

/** A thread that ends sooner than this after its start counts as failed, in milliseconds. */
const SHORT_LIFE_MS = 60_000;

/** Delay of the restart after the first failure, and the longest delay, in milliseconds. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/**
 * How long a start may take, in milliseconds. It is long because a thread loads and compiles the whole
 * program.
 */
const START_MS = 120_000;

/** How often the thread is pinged to see whether its event loop runs, in milliseconds. */
const PING_INTERVAL_MS = 2_000;

/** How many pings may go without an answer before the thread counts as hung: half a minute. */
const MAX_PINGS = 15;

/** How long the thread may take to return its connections and topics, in milliseconds. */
const STATUS_MS = 10_000;

/** How much longer than its drain a thread may take to answer, in milliseconds. */
const STOP_MARGIN_MS = 500;

const NOTHING_REVOKED: Revoked = { closed: 0, asked: 0, withdrawn: 0 };

/** One life of a thread: a worker, and everything that ends with it. */
interface Life {
  readonly worker: ThreadWorker;
  readonly channel: Channel<ThreadCalls>;
  readonly host: ThreadHost;
  pings?: ReturnType<typeof setInterval>;
  readonly startedAt: number;
}

/** A thread that is started again whenever its worker ends, until it is stopped or hangs. */
export class Thread {
  readonly #options: ThreadOptions;
  #life: Life | undefined;
  #hasStarted = false;
  #isAccepting = false;
  #strain: string | undefined;
  #isStopped = false;
  #failures = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** Creates a thread that is not started. */
  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** Whether it takes clients. */
  get isAccepting(): boolean {
    return this.#isAccepting;
  }

  /** Why it should get no more clients; `undefined` if it may get more. */
  get strain(): string | undefined {
    return this.#strain;
  }

  /**
   * Starts it.
   *
   * @returns Where it listens.
   * @throws {Deno.errors.AddrInUse} If the port is taken.
   * @throws {Error} If it ends before it listens.
   */
  async start(): Promise<Deno.NetAddr> {
    const life = this.#begin();
    const address = await life.channel.callWithin(START_MS, "start", this.#options.orders());
    this.#hasStarted = true;
    this.#isAccepting = true;
    this.#watch(life);
    return address;
  }

  /**
   * Carries out a revocation on its connections. If the thread ends meanwhile, its connections are closed.
   */
  async revoke(revocation: Revocation): Promise<Revoked> {
    const channel = this.#life?.channel;
    if (channel === undefined) return NOTHING_REVOKED;
    try {
      return await channel.call("revoke", revocation);
    } catch {
      if (channel.ended !== undefined) return NOTHING_REVOKED;
      return { ...NOTHING_REVOKED, trouble: "a thread of the server did not carry it out" };
    }
  }

  /** Checks the sessions of some users at once, or all. */
  checkRights(users: readonly string[] | undefined): void {
    this.#life?.channel.tell("checkRights", users);
  }

  /** Resolves to its connections and topics, or to `undefined` if it does not answer. */
  async status(query: StatusQuery): Promise<StatusPart | undefined> {
    return await this.#life?.channel.callWithin(STATUS_MS, "status", query).catch(() => undefined);
  }

  /** Asks the thread for its metrics. Resolves once they have arrived, or the call has failed. */
  async measure(): Promise<void> {
    await this.#life?.channel.callWithin(PING_INTERVAL_MS, "measure").catch(() => {});
  }

  /** Drains the thread and ends it. Connections that are still open at the deadline end with it. */
  async stop(timeoutMs: number): Promise<DrainResult> {
    this.#isStopped = true;
    this.#isAccepting = false;
    clearTimeout(this.#pause);
    const channel = this.#life?.channel;
    try {
      return await channel?.callWithin(timeoutMs + STOP_MARGIN_MS, "stop", timeoutMs) ??
        { stragglers: 0 };
    } catch {
      return { stragglers: 0 }; // they end with the thread
    } finally {
      this.#end("the thread was stopped");
    }
  }

  #begin(): Life {
    const { index, spawn, shared, logger } = this.#options;
    const worker = spawn(index);
    const host: ThreadHost = new ThreadHost(shared, () => channel, {
      strained: (reason) => this.#strain = reason,
      listenerFailed: (reason) => this.#ended(life, reason),
    });
    const channel: Channel<ThreadCalls> = new Channel<ThreadCalls>({
      port: worker,
      handlers: host.handlers,
      beforeFlush: () => host.announce(),
      onError: (error) => logger.error("request of a thread failed", { thread: index, error }),
    });
    const life: Life = { worker, channel, host, startedAt: performance.now() };
    worker.onerror = (event) => {
      event.preventDefault(); // otherwise the error would end the process
      this.#ended(life, event.message);
    };
    return this.#life = life;
  }

  /** Pings the thread at intervals, to see whether its event loop runs. */
  #watch(life: Life): void {
    let unanswered = 0;
    life.pings = setInterval(() => {
      if (++unanswered > MAX_PINGS) return this.#hung();
      life.channel.call("ping").then(() => unanswered = 0, () => {});
    }, PING_INTERVAL_MS);
  }

  #hung(): void {
    const { index: thread, logger, onHung } = this.#options;
    const reason = "its event loop stands still";
    this.#end(reason);
    logger.error("thread hangs", { thread, reason });
    onHung(new Error(`thread ${thread} hangs: ${reason}`));
  }

  /** Called when a worker has ended by itself. */
  #ended(life: Life, reason: string): void {
    if (this.#life !== life) return;
    this.#end(reason);
    const { index: thread, logger } = this.#options;
    if (!this.#hasStarted || this.#isStopped) return; // the first start reports it
    const isFailure = performance.now() - life.startedAt < SHORT_LIFE_MS;
    this.#failures = isFailure ? this.#failures + 1 : 0;
    const pauseMs = isFailure
      ? Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1))
      : 0;
    logger.error("thread ended; replacing it", { thread, reason, pauseMs });
    this.#replaceIn(pauseMs);
  }

  #replaceIn(pauseMs: number): void {
    const { index: thread, logger } = this.#options;
    this.#pause = setTimeout(async () => {
      try {
        await this.start();
        logger.info("thread replaced", { thread });
      } catch (error) {
        if (this.#life !== undefined) this.#ended(this.#life, String(error));
      }
    }, pauseMs);
  }

  /** Ends the current life. */
  #end(reason: string): void {
    const life = this.#life;
    this.#life = undefined;
    this.#isAccepting = false;
    this.#strain = undefined;
    if (life === undefined) return;
    clearInterval(life.pings);
    life.worker.onerror = null;
    life.worker.terminate();
    life.channel.end(reason);
    life.host.leave();
  }
}
