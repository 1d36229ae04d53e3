/**
 * What the hub stands on, faked: sockets, a clock, metrics; and the real connection on a fake
 * socket.
 *
 * @module
 */

import { Connection, type ConnectionOptions } from "../../live/connection/connection.ts";
import { type Metrics, type OutboundType, silentMetrics } from "../../live/domain/metrics.ts";
import type { Socket } from "../../live/domain/socket.ts";

export { turn } from "../support/queue.ts";

/** Returns the outbound JSON of a publication; `data` and `key` as they are, not yet JSON. */
export function messageOf(topic: string, offset: number, data: unknown, key?: string): string {
  return JSON.stringify({ type: "message", topic, offset, key, data });
}

/** A clock that stands still until a test, or a socket's send, moves it. */
export class FakeClock {
  /** The time in milliseconds. */
  ms = 1_000;
  /** Returns the time. */
  readonly now = (): number => this.ms;
}

/** A socket that records what is sent. `bufferedAmount` may be set, as may all that is public. */
export class FakeSocket implements Socket {
  readyState = 1;
  bufferedAmount = 0;
  /** Whether what is sent adds to `bufferedAmount`. */
  slow = false;
  /** Whether `send` throws, as it does before the close event of a socket that broke. */
  broken = false;
  /** Called with each frame once it is recorded. */
  onSend: (frame: string) => void = () => {};
  /** What was sent. */
  readonly frames: string[] = [];
  /** Codes and reasons that it was closed with. */
  readonly closes: [code: number | undefined, reason: string | undefined][] = [];

  send(frame: unknown): void {
    if (this.broken) throw new DOMException("readyState not OPEN", "InvalidStateError");
    this.frames.push(String(frame));
    if (this.slow) this.bufferedAmount += String(frame).length;
    this.onSend(String(frame));
  }

  close(code?: number, reason?: string): void {
    this.readyState = 2;
    this.closes.push([code, reason]);
  }
}

/** The real connection on a fake socket. */
export interface Client {
  readonly socket: FakeSocket;
  readonly connection: Connection;
}

/** Creates the connection of a nobody on a fake socket. */
export function createClient(options: Partial<ConnectionOptions> = {}): Client {
  const socket = new FakeSocket();
  const connection = new Connection({
    socket,
    remoteAddress: "127.0.0.1",
    user: null,
    cookie: null,
    thresholdBytes: 1_048_576,
    metrics: silentMetrics,
    onEnd() {},
    ...options,
  });
  return { socket, connection };
}

/** Metrics that can be asked. */
export interface RecordingMetrics extends Metrics {
  /** The last value of each gauge that was set. */
  readonly gauges: Partial<
    Record<"connections" | "closingSockets" | "subscriptions" | "topics" | "historyBytes", number>
  >;
  /** How many messages were sent, by type. */
  readonly sentCounts: Partial<Record<OutboundType, number>>;
  /** How many messages were published. */
  readonly publishedCount: number;
  /** How many messages clients were told they missed. */
  readonly skippedCount: number;
  /** How many of them as they were too slow for them. */
  readonly conflatedCount: number;
  /** How long the first publication of each broadcast waited, in milliseconds. */
  readonly waits: readonly number[];
  /** Duration of each broadcast that is over, in milliseconds. */
  readonly broadcasts: readonly number[];
  /** Resolves when so many broadcasts are over. */
  whenBroadcasts(count: number): Promise<void>;
}

/** Creates metrics that record what the hub and its kin tell them. */
export function createRecordingMetrics(): RecordingMetrics {
  const gauges: RecordingMetrics["gauges"] = {};
  const sentCounts: RecordingMetrics["sentCounts"] = {};
  const waits: number[] = [];
  const broadcasts: number[] = [];
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  let publishedCount = 0;
  let skippedCount = 0;
  let conflatedCount = 0;
  return {
    ...silentMetrics,
    gauges,
    sentCounts,
    waits,
    broadcasts,
    get publishedCount() {
      return publishedCount;
    },
    get skippedCount() {
      return skippedCount;
    },
    get conflatedCount() {
      return conflatedCount;
    },
    connections: (count) => gauges.connections = count,
    closingSockets: (count) => gauges.closingSockets = count,
    subscriptions: (count) => gauges.subscriptions = count,
    topics: (count) => gauges.topics = count,
    historyBytes: (count) => gauges.historyBytes = count,
    sent: (type, count) => sentCounts[type] = (sentCounts[type] ?? 0) + count,
    published: (count) => publishedCount += count,
    skipped: (count) => skippedCount += count,
    conflated: (count) => conflatedCount += count,
    publishToSend: (elapsedMs) => waits.push(elapsedMs),
    broadcast(elapsedMs) {
      broadcasts.push(elapsedMs);
      waiting.get(broadcasts.length)?.resolve();
    },
    async whenBroadcasts(count) {
      if (broadcasts.length >= count) return;
      const reached = waiting.get(count) ?? Promise.withResolvers<void>();
      waiting.set(count, reached);
      await reached.promise;
    },
  };
}
