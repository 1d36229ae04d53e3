/**
 * The publisher of the fault run.
 *
 * @module
 */

import type { Ledger, Place } from "./ledger.ts";

/** How often it publishes, in milliseconds, and to how many topics each time: 200 a second. */
const EVERY_MS = 50;
const BATCH = 10;

/** How long a call may take before it is tried elsewhere, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** How long it waits after a call that failed, in milliseconds. */
const RETRY_MS = 100;

/** Publishes at a steady rate, to whichever instance takes it. */
export class Publisher {
  /** Publications that were taken. */
  published = 0;
  /** Calls that were refused or got no answer. */
  failures = 0;
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

  /** Publishes for so many milliseconds. */
  async run(durationMs: number): Promise<void> {
    const beginning = performance.now();
    for (let turn = 0; turn * EVERY_MS < durationMs; turn++) {
      const first = (turn * BATCH) % this.#topics.length;
      await this.#publish(this.#topics.slice(first, first + BATCH));
      const ahead = (turn + 1) * EVERY_MS - (performance.now() - beginning);
      if (ahead > 0) await pause(ahead);
    }
  }

  /** Publishes once to every topic; resolves to where those stand, the last of all. */
  async finish(): Promise<Map<string, Place>> {
    return await this.#publish(this.#topics);
  }

  async #publish(topics: readonly string[]): Promise<Map<string, Place>> {
    const publications = topics.map((topic) => {
      const sequence = ++this.#sequence;
      return { topic, key: `vehicle-${sequence % 7}`, data: { sequence } };
    });
    for (let attempt = 0;; attempt++) {
      const url = this.#urls[(this.#sequence + attempt) % this.#urls.length] ?? "";
      const places = await this.#call(url, publications);
      if (places === undefined) {
        this.failures++;
        await pause(RETRY_MS);
        continue;
      }
      this.published += places.length;
      for (const [index, place] of places.entries()) {
        const publication = publications[index];
        if (publication === undefined) continue;
        this.#ledger.note(publication.topic, place, publication.data.sequence);
      }
      return new Map(places.map((place, index) => [topics[index] ?? "", place]));
    }
  }

  async #call(url: string, publications: unknown): Promise<Place[] | undefined> {
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

/** Resolves after so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
