/**
 * The publisher of the fault run.
 *
 * @module
 */

import type { Cursor } from "../../live/domain/broker.ts";
import type { Content, Ledger } from "./ledger.ts";

/** How often it publishes, in milliseconds, and to how many topics each time: 200 a second. */
const INTERVAL_MS = 50;
const BATCH = 10;

/** Keys of each topic. Of the publications of a key, one in three is a removal. */
const KEYS = 7;
const REMOVAL_EVERY = 3;

/** How long a call may take before it is repeated on another instance, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** How long it waits after a call that failed, in milliseconds. */
const RETRY_MS = 100;

/** Publishes at a steady rate, to any instance that accepts it. */
export class Publisher {
  /** Number of publications that were accepted. */
  published = 0;
  /** Number of calls that were refused or not answered. */
  failures = 0;
  /** When the last call was refused or not answered, and when the next one was accepted, in milliseconds. */
  failedAt = 0;
  recoveredAt = 0;
  readonly #urls: readonly string[];
  readonly #token: string;
  readonly #topics: readonly string[];
  readonly #ledger: Ledger;
  #sequence = 0;

  /** Creates a publisher that does nothing yet. */
  constructor(urls: readonly string[], token: string, topics: readonly string[], ledger: Ledger) {
    this.#urls = urls;
    this.#token = token;
    this.#topics = topics;
    this.#ledger = ledger;
  }

  /** Publishes until the signal aborts; resolves once the last call was accepted. */
  async run(signal: AbortSignal): Promise<void> {
    const beginning = performance.now();
    for (let turn = 0; !signal.aborted; turn++) {
      const first = (turn * BATCH) % this.#topics.length;
      await this.#publish(this.#topics.slice(first, first + BATCH));
      const ahead = (turn + 1) * INTERVAL_MS - (performance.now() - beginning);
      if (ahead > 0) await pause(ahead);
    }
  }

  /** Publishes to every topic once more; resolves to those last positions. */
  async finish(): Promise<Map<string, Cursor>> {
    return await this.#publish(this.#topics);
  }

  async #publish(topics: readonly string[]): Promise<Map<string, Cursor>> {
    const contents = topics.map((): Content => {
      const sequence = ++this.#sequence;
      const isRemoval = sequence % REMOVAL_EVERY === 0;
      return { key: `vehicle-${sequence % KEYS}`, sequence: isRemoval ? undefined : sequence };
    });
    const publications = contents.map(({ key, sequence }, i) => ({
      ...{ topic: topics[i], key },
      ...sequence === undefined ? { removed: true } : { data: { sequence } },
    }));
    for (let attempt = 0;; attempt++) {
      const url = this.#urls[(this.#sequence + attempt) % this.#urls.length] ?? "";
      const places = await this.#call(url, publications);
      if (places === undefined) {
        this.failures++;
        this.failedAt = performance.now();
        await pause(RETRY_MS);
        continue;
      }
      if (this.recoveredAt < this.failedAt) this.recoveredAt = performance.now();
      this.published += places.length;
      for (const [i, content] of contents.entries()) {
        const [topic, place] = [topics[i], places[i]];
        if (topic !== undefined && place !== undefined) this.#ledger.note(topic, place, content);
      }
      return new Map(places.map((place, i) => [topics[i] ?? "", place]));
    }
  }

  async #call(url: string, publications: unknown): Promise<Cursor[] | undefined> {
    try {
      const response = await fetch(`${url}/publish`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${this.#token}`,
          "content-type": "application/json",
        },
        body: JSON.stringify(publications),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body = await response.json();
      return response.ok ? body.published : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Resolves after that many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
