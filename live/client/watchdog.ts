/**
 * Notices that a connection is dead although TCP keeps it open.
 *
 * @module
 */

/** What a watchdog needs. */
export interface WatchdogOptions {
  /** Sends a message that the server answers. */
  readonly probe: () => void;
  /** Called when no message has arrived in time. */
  readonly onSilence: () => void;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
}

/**
 * The watchdog probes the connection after this long without a message, in milliseconds, or up to
 * `PROBE_JITTER_MS` later. Without jitter, all clients of a quiet topic would probe at the same moment,
 * because they all got its last message at the same moment. A dead connection is noticed after 40 seconds
 * at most.
 */
const PROBE_AFTER_MS = 25_000;
const PROBE_JITTER_MS = 10_000;

/** How long the server may take to answer a probe, in milliseconds. */
const PROBE_TIMEOUT_MS = 5_000;

/**
 * Watches one connection after another. A lost network, a suspended laptop or a proxy that forgot the
 * connection causes no event, and browsers hide the server's WebSocket pings from the page.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isProbing = false;

  /** Creates a watchdog without a connection. */
  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Expects a message within the given time, in milliseconds. */
  expect(timeoutMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#options.onSilence, timeoutMs);
  }

  /** Notes that a message has arrived, and waits for the next one. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#isProbing = false;
    const delayMs = PROBE_AFTER_MS + PROBE_JITTER_MS * this.#options.random();
    this.#timer = setTimeout(() => this.probe(), delayMs);
  }

  /** Probes now, unless a probe is under way. */
  probe(): void {
    if (this.#isProbing) return;
    this.#isProbing = true;
    this.#options.probe();
    this.expect(PROBE_TIMEOUT_MS);
  }

  /** Stops watching, because the connection is gone. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#isProbing = false;
  }
}
