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
  /** Called when the worker has failed; it has ended then. */
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
  /** What it shares with the others. */
  readonly shared: SharedParts;
  /**
   * Called if its event loop stands still. Deno cannot end such a thread (denoland/deno#35657): its connections
   * stay open, and new ones still reach it. Only the end of the process helps.
   */
  readonly onHung: (error: Error) => void;
  /** Logs when it ends and when it is replaced. */
  readonly logger: Logger;
}

/** A thread that ends within this time of its start has failed, in milliseconds. */
const SHORT_LIFE_MS = 60_000;

/** Delay of the restart after the first failure, and the longest delay, in milliseconds. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/** How long a start may take, in milliseconds: a thread loads and compiles the whole program. */
const START_MS = 120_000;

/** How often the thread is asked whether its event loop runs, in milliseconds. */
const PING_INTERVAL_MS = 2_000;

/** Questions without an answer after which it counts as hung: half a minute. */
const MAX_PINGS = 15;

/** How long the answer about its connections and topics may take, in milliseconds. */
const STATUS_MS = 10_000;

/** How much longer than its drain a thread may take to answer, in milliseconds. */
const STOP_MARGIN_MS = 500;

const NOTHING_REVOKED: Revoked = { closed: 0, asked: 0, withdrawn: 0 };

/** One life of a thread: its worker, and what belongs to it. */
interface Life {
  readonly worker: ThreadWorker;
  readonly channel: Channel<ThreadCalls>;
  readonly host: ThreadHost;
  pings?: ReturnType<typeof setInterval>;
  readonly startedAt: number;
}

/** A thread that is replaced whenever it ends, until it is stopped or hangs. */
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

  /** Why it should get no more clients, if so. */
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

  /** Carries out a revocation on its connections; if it ends meanwhile, they are closed. */
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

  /** Looks at its connections and topics; resolves to `undefined` if it does not answer. */
  async status(query: StatusQuery): Promise<StatusPart | undefined> {
    return await this.#life?.channel.callWithin(STATUS_MS, "status", query).catch(() => undefined);
  }

  /** Has it send its metrics. Resolves once they are there, or are not to be had. */
  async measure(): Promise<void> {
    await this.#life?.channel.callWithin(PING_INTERVAL_MS, "measure").catch(() => {});
  }

  /** Drains and ends it; gives up on its connections at the deadline. */
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
      lost: (reason) => this.#ended(life, reason),
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

  /** Asks again and again whether the thread's event loop runs. */
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

  /** Called when a life has ended without having been asked to. */
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

  /** Ends the present life. */
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
