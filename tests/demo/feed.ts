/**
 * Publishes where the vehicles are, ten times a second.
 *
 * @module
 */

import { OpsCalls, type OpsCallsOptions } from "./ops_calls.ts";
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

/** Options of `startFeed()`; its calls go to the route for publishing. */
export interface FeedOptions extends OpsCallsOptions {
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
  const { sources, intervalMs = 100 } = options;
  const calls = new OpsCalls(options);
  /** The keys that each topic has. */
  const published = new Map(sources.map(({ topic }) => [topic, new Set<string>()]));
  let beats = 0;

  function note(messages: readonly FeedMessage[]): void {
    for (const { topic, key, removed } of messages) {
      if (removed) published.get(topic)?.delete(key);
      else published.get(topic)?.add(key);
    }
  }

  function beat(): void {
    for (const { race } of sources) race.advance(intervalMs / 1000);
    const due = sources.filter(({ everyBeats = 1 }) => beats % everyBeats === 0);
    beats++;
    if (calls.isBusy) return;
    const messages = due.flatMap((source) => messagesOf(source, published.get(source.topic)));
    messages.push(...options.more?.() ?? []);
    if (messages.length === 0) return;
    calls.start(messages, () => note(messages));
  }

  const timer = setInterval(beat, intervalMs);
  return {
    settled: () => calls.settled(),
    async stop() {
      clearInterval(timer);
      await calls.stop();
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
