/**
 * Publishes where the vehicles are, ten times a second.
 *
 * @module
 */

import type { Race } from "./race.ts";

/** A race that is published to a topic. */
export interface FeedSource {
  /** Topic, such as `event:42`. */
  topic: string;
  /** Its vehicles. */
  race: Race;
  /**
   * Publishes on every nth beat only.
   *
   * @default {1}
   */
  everyBeats?: number;
}

/** What is published: a payload, or the removal of the key. */
export interface FeedMessage {
  readonly topic: string;
  readonly key: string;
  readonly data?: unknown;
  readonly removed?: true;
}

/** Options of `startFeed()`. */
export interface FeedOptions {
  /** Address of the publish call. */
  url: string;
  /** Bearer of the publish call. */
  token: string;
  /** What is published. */
  sources: readonly FeedSource[];
  /** Returns further messages for a beat. @default {none} */
  more?: () => readonly FeedMessage[];
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
  /** Called with the first of consecutive errors. */
  onFault?: (message: string) => void;
}

/** A running feed. */
export interface Feed {
  /** Resolves when no call is in flight. */
  settled(): Promise<void>;
  /** Ends the feed. Resolves when no call is in flight. */
  stop(): Promise<void>;
}

/**
 * Starts to publish, in one call per beat for all topics.
 *
 * While a call is in flight the vehicles move on but beats publish nothing, so that calls do not
 * pile up at a slow server. A vehicle that was published and has retired is published as a removal.
 */
export function startFeed(options: FeedOptions): Feed {
  const { url, token, sources, intervalMs = 100, onFault } = options;
  const send = options.fetch ?? fetch;
  const stopping = new AbortController();
  /** The keys that each topic has. */
  const published = new Map(sources.map(({ topic }) => [topic, new Set<string>()]));
  let call: Promise<void> | undefined;
  let failing = false;
  let beats = 0;

  async function publish(messages: readonly FeedMessage[]): Promise<void> {
    try {
      const response = await send(url, {
        method: "POST",
        headers: { "authorization": `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(messages),
        signal: stopping.signal,
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 200)}`);
      for (const { topic, key, removed } of messages) {
        if (removed) published.get(topic)?.delete(key);
        else published.get(topic)?.add(key);
      }
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
    if (call !== undefined) return;
    const messages = due.flatMap((source) => messagesOf(source, published.get(source.topic)));
    messages.push(...options.more?.() ?? []);
    if (messages.length === 0) return;
    call = publish(messages).finally(() => call = undefined);
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

function messagesOf(
  { topic, race }: FeedSource,
  published: ReadonlySet<string> = new Set(),
): FeedMessage[] {
  const at = Date.now(); // the page measures the latency from here
  const states = race.states().map((data) => ({
    topic,
    key: `car-${data.number}`,
    data: { ...data, at },
  }));
  const racing = new Set(states.map(({ key }) => key));
  const retired = [...published].filter((key) => !racing.has(key));
  return [...states, ...retired.map((key) => ({ topic, key, removed: true as const }))];
}
