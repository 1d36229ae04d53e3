/**
 * A listener that listens again after its server has stopped accepting connections.
 *
 * @module
 */

import { Deadline } from "../domain/deadline.ts";
import type { Logger } from "../domain/logger.ts";
import { isShortage, type SpareDescriptors } from "./spare_descriptors.ts";

/** A server that is listening. Both ways to stop may be called more than once. */
export interface Listener {
  /** The address it listens on. */
  readonly addr: Deno.NetAddr;
  /** Why it accepts no connections for now; `undefined` while it accepts them. */
  readonly trouble?: string | undefined;
  /** Stops listening; resolves once no request is in flight and no connection is left. */
  shutdown(): Promise<void>;
  /**
   * Stops listening and breaks every TCP connection; resolves once they are gone. Deno's own server keeps
   * the connection of a WebSocket whose peer reads nothing. It breaks no connection once `shutdown` was
   * called, so then this may never resolve.
   */
  abort(): Promise<void>;
}

/** A server that may stop accepting connections. Its open connections stay. */
export interface Acceptor extends Listener {
  /** Resolves to the error once it has stopped accepting although it was not shut down. */
  readonly failed: Promise<unknown>;
}

/** What keeping a listener needs. */
export interface KeepOptions {
  /** Name of the listener, for logs. */
  readonly name: string;
  /** Spare descriptors of the process. @default {none} */
  readonly spares?: SpareDescriptors | undefined;
  /**
   * Whether it may use the spares. Then it listens again at once, without waiting for free descriptors.
   *
   * @default {false}
   */
  readonly usesSpares?: boolean;
  /** Called if it cannot listen again. @default {nothing} */
  readonly onLost?: ((error: unknown) => void) | undefined;
  /** Logs when it stops accepting connections, and when it accepts them again. */
  readonly logger: Logger;
}

/** The first and the longest pause before it listens again, in milliseconds. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 8_000;

/** After this time without a failure, the pauses begin with the first again, in milliseconds. */
const CALM_MS = 60_000;

/** How many attempts to listen may fail although descriptors are free. */
const MAX_ATTEMPTS = 10;

/**
 * Listens again whenever its server has stopped accepting. That happens in a shortage of file descriptors,
 * and neither Deno.serve nor node:http recovers by itself. The port would refuse every client, or let it
 * wait, until the process ends (CWE-770).
 */
export class KeptListener implements Listener {
  readonly addr: Deno.NetAddr;
  readonly #options: KeepOptions;
  readonly #open: (port: number) => Promise<Acceptor> | Acceptor;
  /** All servers. Those that have stopped accepting still have open connections. */
  readonly #acceptors: Set<Acceptor>;
  readonly #stopped = Promise.withResolvers<void>();
  #isStopping = false;
  #trouble: string | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #failedAt = -CALM_MS;

  /** Creates the listener from a server that listens. `open` opens further servers on its port. */
  constructor(
    first: Acceptor,
    open: (port: number) => Promise<Acceptor> | Acceptor,
    options: KeepOptions,
  ) {
    this.addr = first.addr;
    this.#open = open;
    this.#options = options;
    this.#acceptors = new Set([first]);
    this.#watch(first);
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  async shutdown(): Promise<void> {
    this.#stop();
    await Promise.all([...this.#acceptors].map((acceptor) => acceptor.shutdown()));
  }

  async abort(): Promise<void> {
    this.#stop();
    await Promise.all([...this.#acceptors].map((acceptor) => acceptor.abort()));
  }

  #stop(): void {
    this.#isStopping = true;
    this.#stopped.resolve();
  }

  #watch(acceptor: Acceptor): void {
    acceptor.failed.then((error) => this.#reopen(error));
  }

  async #reopen(failure: unknown): Promise<void> {
    const { name, logger, spares, usesSpares = false } = this.#options;
    const { port } = this.addr;
    if (this.#isStopping) return;
    const failedAt = performance.now();
    const isCalm = failedAt - this.#failedAt >= CALM_MS;
    this.#pauseMs = isCalm ? FIRST_PAUSE_MS : Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs);
    this.#failedAt = failedAt;
    const reason = failure instanceof Error ? failure.message : String(failure);
    this.#trouble = `${name} accepts no connections: ${reason}`;
    logger[isCalm ? "warn" : "debug"](`${name} accepts no connections`, { port, reason });
    for (let attempts = 0; attempts < MAX_ATTEMPTS;) {
      spares?.release();
      using pause = new Deadline(this.#pauseMs);
      await pause.wait(this.#stopped.promise);
      if (!usesSpares) await Promise.race([spares?.held, this.#stopped.promise]);
      if (this.#isStopping) return;
      try {
        const acceptor = await this.#open(port);
        this.#acceptors.add(acceptor);
        if (this.#isStopping) return void acceptor.shutdown();
        this.#trouble = undefined;
        const afterMs = Math.round(performance.now() - failedAt);
        logger[isCalm ? "info" : "debug"](`${name} accepts connections again`, { port, afterMs });
        return this.#watch(acceptor);
      } catch (error) {
        if (!isShortage(error)) attempts++;
        failure = error;
      }
    }
    logger.error(`${name} cannot listen any more`, { port, error: failure });
    this.#options.onLost?.(failure);
  }
}
