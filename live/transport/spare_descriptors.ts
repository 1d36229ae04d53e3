/**
 * Spare file descriptors, so that essential work continues in a shortage.
 *
 * Each connection is an open file, and a process may open only a limited number (`ulimit -n`). At the
 * limit, the listener cannot accept connections, and calls to Directus, Redis or the ops listener fail too.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";

/**
 * How many spares are held, and how many descriptors must be free beside them before clients are accepted.
 */
const COUNT = 32;

/** Descriptors that a server needs beside its clients: listeners, log, Redis, Directus, spares. */
export const RESERVED_DESCRIPTORS = 128;

/** How often to try to hold the spares again, in milliseconds. */
const RETRY_MS = 1_000;

/** Returns whether something failed because too many files are open, in the process or the system. */
export function isShortage(error: unknown): boolean {
  return /\bos error (23|24|10024)\b|\bEMFILE\b|\bENFILE\b/.test(String(error));
}

/** Holds one descriptor. */
export interface Spare {
  /** Releases it at once. */
  close(): void;
}

/** Opens a spare: an unused UDP socket. It only needs the permission to listen at this address. */
export function openSpare({ hostname, port }: Deno.NetAddr): Spare {
  return Deno.listenDatagram({ transport: "udp", hostname, port, reuseAddress: true });
}

/**
 * Holds spare descriptors, and releases them in a shortage, so that health checks, calls to Directus and a
 * drain still work. Holds them again once enough descriptors are free.
 */
export class SpareDescriptors {
  readonly #open: () => Spare;
  readonly #count: number;
  #spares: readonly Spare[] | undefined;
  #held = Promise.withResolvers<void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Creates a holder without spares. If spares cannot be opened at all, it stays without. */
  constructor(open: () => Spare, count = COUNT) {
    this.#open = open;
    this.#count = count;
  }

  /** Resolves once the spares are held, and as many further descriptors are free. */
  get held(): Promise<void> {
    return this.#held.promise;
  }

  /** Returns whether at least as many descriptors are free as there are spares. */
  hasRoom(): boolean {
    const opened = this.#take(this.#count);
    for (const spare of opened ?? []) spare.close();
    return opened !== undefined;
  }

  /** Holds the spares as soon as possible; does nothing if they are held. */
  hold(): void {
    if (this.#spares !== undefined || this.#tryHold()) return;
    this.#timer ??= setInterval(() => this.#tryHold() && this.#stopTimer(), RETRY_MS);
  }

  /** Releases the spares, and holds them again once enough descriptors are free. */
  release(): void {
    if (this.#spares === undefined) return;
    for (const spare of this.#spares) spare.close();
    this.#spares = undefined;
    this.#held = Promise.withResolvers();
    this.#timer ??= setInterval(() => this.#tryHold() && this.#stopTimer(), RETRY_MS);
  }

  /** Releases the spares, and does not hold them again. */
  close(): void {
    this.release();
    this.#stopTimer();
  }

  #tryHold(): boolean {
    const opened = this.#take(2 * this.#count);
    if (opened === undefined) return false;
    for (const spare of opened.slice(this.#count)) spare.close();
    this.#spares = opened.slice(0, this.#count);
    this.#held.resolve();
    return true;
  }

  /** Opens this many spares, or none. Returns no spares on systems where they cannot be opened. */
  #take(count: number): Spare[] | undefined {
    const opened: Spare[] = [];
    try {
      while (opened.length < count) opened.push(this.#open());
      return opened;
    } catch (error) {
      for (const spare of opened) spare.close();
      return isShortage(error) ? undefined : [];
    }
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Warns if there can be fewer connections than configured, because each is an open file. */
export function warnOfFileLimit(
  maxConnections: number,
  maxOpenFiles: number | undefined,
  logger: Logger,
): void {
  const needed = maxConnections + RESERVED_DESCRIPTORS;
  if (maxOpenFiles === undefined || maxOpenFiles >= needed) return;
  logger.warn("the limit of open files is too low for LIVE_MAX_CONNECTIONS", {
    limit: maxOpenFiles,
    needed,
  });
}
