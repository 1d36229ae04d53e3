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
 * After this long without a message the watchdog probes the connection, in milliseconds, or up to
 * `PROBE_JITTER_MS` later: otherwise the clients of a quiet topic, which all got its last message at
 * once, would probe at once. So a dead connection is noticed after 40 seconds at most.
 */
const PROBE_AFTER_MS = 25_000;
const PROBE_JITTER_MS = 10_000;

/** How long the server may take to answer a probe, in milliseconds. */
const PROBE_TIMEOUT_MS = 5_000;

/**
 * Watches one connection after another. A dropped network, a suspended laptop or a proxy that forgot
 * the connection cause no event; and browsers do not show the server's WebSocket pings.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isProbing = false;

  /** Creates a watchdog that watches nothing yet. */
  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Expects a message in time. */
  expect(timeoutMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#options.onSilence, timeoutMs);
  }

  /** A message has arrived: the next one may take a while. */
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

  /** Stops watching, as the connection is gone. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#isProbing = false;
  }
}
