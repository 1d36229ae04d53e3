/**
 * Publishes where the vehicles are, ten times a second.
 *
 * @module
 */

import type { Race } from "./race.ts";

/** Is one race that is published to one topic. */
export interface FeedSource {
  /** Topic, such as `event:42`. */
  topic: string;
  /** Where its vehicles are. */
  race: Race;
  /**
   * Publishes only on every so many beats.
   *
   * @default {1}
   */
  everyBeats?: number;
}

/** Options of `startFeed()`. */
export interface FeedOptions {
  /** Address of the publish call. */
  url: string;
  /** Bearer of the publish call. */
  token: string;
  /** What is published. */
  sources: readonly FeedSource[];
  /** Returns what else is published on a beat. @default {nothing} */
  more?: () => readonly unknown[];
  /**
   * Time between two beats, in milliseconds.
   *
   * @default {100}
   */
  intervalMs?: number;
  /**
   * Sends the call.
   *
   * @default {fetch}
   */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Is told the first of a row of errors, and again after a call went well. */
  onFault?: (message: string) => void;
}

/** Is a feed that runs. */
export interface Feed {
  /** Resolves when the call that is on its way, if any, has come back. */
  settled(): Promise<void>;
  /** Ends the feed; resolves when no call is on its way any more. */
  stop(): Promise<void>;
}

/**
 * Starts to publish, in one call a beat for all topics together.
 *
 * A beat is skipped while the call before it has not come back, so that a slow server is not
 * buried; the vehicles move on all the same.
 */
export function startFeed(options: FeedOptions): Feed {
  const { url, token, sources, intervalMs = 100, onFault } = options;
  const send = options.fetch ?? fetch;
  const stopping = new AbortController();
  let call: Promise<void> | undefined;
  let failing = false;
  let beats = 0;

  async function publish(body: string): Promise<void> {
    try {
      const response = await send(url, {
        method: "POST",
        headers: { "authorization": `Bearer ${token}`, "content-type": "application/json" },
        body,
        signal: stopping.signal,
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 200)}`);
      failing = false;
    } catch (error) {
      if (!failing && !stopping.signal.aborted) {
        onFault?.(error instanceof Error ? error.message : String(error));
      }
      failing = true;
    }
  }

  function beat(): void {
    for (const { race } of sources) race.advance(intervalMs / 1000);
    const due = sources.filter(({ everyBeats = 1 }) => beats % everyBeats === 0);
    beats++;
    const messages = [...due.flatMap(messagesOf), ...options.more?.() ?? []];
    if (call || messages.length === 0) return;
    call = publish(JSON.stringify(messages)).finally(() => call = undefined);
  }

  const timer = setInterval(beat, intervalMs);
  return {
    async settled() {
      await call;
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await call;
    },
  };
}

function messagesOf({ topic, race }: FeedSource): unknown[] {
  const at = Date.now(); // the page shows how long it took from here
  return race.states().map((data) => ({ topic, key: `car-${data.number}`, data: { ...data, at } }));
}
