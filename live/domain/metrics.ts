/**
 * The seam to the metrics, in the words of the domain.
 *
 * @module
 */

import type { RefusalReason } from "./refusal_log.ts";

/** How an upgrade request was answered. */
export type UpgradeResult =
  | "accepted"
  | "draining"
  | "capacity"
  | "origin"
  | "unauthorized"
  | "user-limit"
  | "unavailable"
  | "malformed"
  | "left"
  | "error";

/** Types of inbound messages; `invalid` is a frame that holds no valid message. */
export type InboundType = "subscribe" | "unsubscribe" | "ping" | "invalid";

/** Types of outbound messages. */
export type OutboundType = "welcome" | "subscribed" | "unsubscribed" | "message" | "pong" | "error";

/** How a question to the authority was answered without its own call to Directus. */
export type AvoidedBy = "cache" | "coalesced" | "batched";

/** The outcome for an entry of the ingest stream; `repeated` had been published already. */
export type IngestResult = "published" | "repeated" | "malformed";

/**
 * The outcome of revalidating a session; `unavailable` if the session, or one of its topics, could not
 * be checked.
 */
export type RevalidationResult = "ok" | "ended" | "unavailable";

/** How a read of a view ended. */
export type ViewReadResult = "ok" | "refused" | "unauthorized" | "error";

/** Counts and times what happens. No method throws, and none takes a value that a client can choose. */
export interface Metrics {
  /** Sets the number of open connections. */
  connections(count: number): void;
  /** Sets the number of sockets that the server closed and that are not gone yet. */
  closingSockets(count: number): void;
  /** Sets the number of upgrade requests that are being authenticated. */
  pendingUpgrades(count: number): void;
  /** Sets the number of subscriptions. */
  subscriptions(count: number): void;
  /** Sets the number of topics with subscribers. */
  topics(count: number): void;
  /** Sets the size of all topics' histories, in bytes. */
  historyBytes(count: number): void;
  /** Counts an answered upgrade request. */
  upgrade(result: UpgradeResult): void;
  /** Counts a refusal by its reason. */
  refused(reason: RefusalReason): void;
  /** Counts an ended connection by its close code. */
  disconnect(code: number): void;
  /** Counts an inbound message. */
  received(type: InboundType): void;
  /** Counts outbound messages. */
  sent(type: OutboundType, count: number): void;
  /** Counts publications that were appended. */
  published(count: number): void;
  /** Times a call to Directus that authenticates a session. */
  authenticated(result: "ok" | "unauthorized" | "error", elapsedMs: number): void;
  /** Times a call to Directus that checks the right to a topic. */
  authorised(
    result: "ok" | "forbidden" | "unauthorized" | "error",
    elapsedMs: number,
  ): void;
  /** Sets the number of calls to Directus that are in flight, and of those that are queued. */
  directusCalls(inFlight: number, queued: number): void;
  /** Counts a question that was answered without its own call to Directus. */
  callAvoided(by: AvoidedBy): void;
  /** Sets whether the circuit breaker holds calls to Directus back. */
  directusCircuitOpen(isOpen: boolean): void;
  /** Counts a session that was revalidated. */
  revalidated(result: RevalidationResult): void;
  /** Sets the time that the longest overdue session has waited to be revalidated. */
  revalidationLag(elapsedMs: number): void;
  /** Counts subscriptions that ended because the user lost the right to the topic. */
  rightsWithdrawn(count: number): void;
  /** Counts a client that resumed, by whether the history still held what it had missed. */
  recovery(result: "hit" | "miss"): void;
  /** Counts messages that were reported to clients as skipped. */
  skipped(count: number): void;
  /** Counts skipped messages for which slow consumers got the newest state instead. */
  conflated(count: number): void;
  /** Sets whether Redis can be reached. */
  redisUp(up: boolean): void;
  /** Counts an entry of the ingest stream. */
  ingested(result: IngestResult): void;
  /** Sets how many views there are. */
  views(count: number): void;
  /** Counts and times a read of a view from Directus. */
  viewRead(result: ViewReadResult, elapsedMs: number): void;
  /** Records how much later than planned the event loop ran a timer. */
  eventLoopDelay(elapsedMs: number): void;
  /** Records how long a topic's first unsent publication waited until its broadcast began. */
  publishToSend(elapsedMs: number): void;
  /** Records the time from a topic's first unsent publication to the end of its broadcast. */
  broadcast(elapsedMs: number): void;
}

/** Metrics that count nothing, for embedding and tests. */
export const silentMetrics: Metrics = {
  connections() {},
  closingSockets() {},
  pendingUpgrades() {},
  subscriptions() {},
  topics() {},
  historyBytes() {},
  upgrade() {},
  refused() {},
  disconnect() {},
  received() {},
  sent() {},
  published() {},
  authenticated() {},
  authorised() {},
  directusCalls() {},
  callAvoided() {},
  directusCircuitOpen() {},
  revalidated() {},
  revalidationLag() {},
  rightsWithdrawn() {},
  recovery() {},
  skipped() {},
  conflated() {},
  redisUp() {},
  ingested() {},
  views() {},
  viewRead() {},
  eventLoopDelay() {},
  publishToSend() {},
  broadcast() {},
};
