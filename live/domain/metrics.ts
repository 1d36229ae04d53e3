/**
 * The seam to the metrics, in the words of the domain.
 *
 * @module
 */

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

/** Types of inbound messages; `invalid` stands for all that is none of them. */
export type InboundType = "subscribe" | "unsubscribe" | "invalid";

/** Types of outbound messages. */
export type OutboundType = "welcome" | "subscribed" | "unsubscribed" | "message" | "error";

/** Why a question to the authority cost Directus no call of its own. */
export type AvoidedBy = "cache" | "coalesced" | "batched";

/** What became of an entry of the ingest stream; `repeated` had been published already. */
export type IngestResult = "published" | "repeated" | "malformed";

/**
 * What came of asking again about a session that is connected: `unavailable` if about it, or about
 * one of its topics, nobody could be asked.
 */
export type RevalidationResult = "ok" | "ended" | "unavailable";

/** Counts and times what happens. No verb throws, and none takes a value a client can choose. */
export interface Metrics {
  /** Sets how many connections are registered. */
  connections(count: number): void;
  /** Sets how many sockets were closed here but are not gone yet. */
  closingSockets(count: number): void;
  /** Sets how many upgrade requests are being authenticated. */
  pendingUpgrades(count: number): void;
  /** Sets how many subscriptions there are. */
  subscriptions(count: number): void;
  /** Sets how many topics have subscribers. */
  topics(count: number): void;
  /** Sets how much the history of all topics holds, in bytes. */
  historyBytes(count: number): void;
  /** Counts an answered upgrade request. */
  upgrade(result: UpgradeResult): void;
  /** Counts a connection's end by close code. */
  disconnect(code: number): void;
  /** Counts an inbound message. */
  received(type: InboundType): void;
  /** Counts outbound messages. */
  sent(type: OutboundType, count: number): void;
  /** Counts publications that were appended. */
  published(count: number): void;
  /** Times a call that asked Directus who a session is. */
  authenticated(result: "ok" | "unauthorized" | "error", elapsedMs: number): void;
  /** Times a call that asked Directus whether a session may listen to a topic. */
  authorised(
    result: "ok" | "forbidden" | "unauthorized" | "error",
    elapsedMs: number,
  ): void;
  /** Sets how many calls to Directus are in flight and how many wait for their turn. */
  directusCalls(inFlight: number, queued: number): void;
  /** Counts a question that was answered without a call to Directus of its own. */
  callAvoided(by: AvoidedBy): void;
  /** Sets whether calls to Directus are held back, as it fails or asked for it. */
  directusHeldBack(heldBack: boolean): void;
  /** Counts a session that was asked about again. */
  revalidated(result: RevalidationResult): void;
  /** Counts subscriptions that ended as their right did. */
  withdrawn(count: number): void;
  /** Counts a client that came back, by whether the history still held what it missed. */
  recovery(result: "hit" | "miss"): void;
  /** Counts messages that clients were told they missed. */
  skipped(count: number): void;
  /** Counts those of them that a client was too slow for, and got the newest state instead. */
  conflated(count: number): void;
  /** Sets whether Redis can be reached. */
  redisUp(up: boolean): void;
  /** Counts an entry of the ingest stream. */
  ingested(result: IngestResult): void;
  /** Times how long the first publication that waits did so before any subscriber was served. */
  publishToSend(elapsedMs: number): void;
  /** Times a broadcast, from the first publication that waits to the last subscriber reached. */
  broadcast(elapsedMs: number): void;
}

/** Metrics that go nowhere, for embedding and tests. */
export const silentMetrics: Metrics = {
  connections() {},
  closingSockets() {},
  pendingUpgrades() {},
  subscriptions() {},
  topics() {},
  historyBytes() {},
  upgrade() {},
  disconnect() {},
  received() {},
  sent() {},
  published() {},
  authenticated() {},
  authorised() {},
  directusCalls() {},
  callAvoided() {},
  directusHeldBack() {},
  revalidated() {},
  withdrawn() {},
  recovery() {},
  skipped() {},
  conflated() {},
  redisUp() {},
  ingested() {},
  publishToSend() {},
  broadcast() {},
};
