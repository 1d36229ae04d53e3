/**
 * Metrics that record everything, and let a test wait for an entry.
 *
 * @module
 */

import type {
  AvoidedBy,
  InboundType,
  IngestResult,
  Metrics,
  OutboundType,
  RevalidationResult,
  UpgradeResult,
  ViewReadResult,
} from "../../live/domain/metrics.ts";
import type { RefusalReason } from "../../live/domain/refusal_log.ts";
import { Watch } from "./queue.ts";

/** Names of the gauges. */
export type GaugeName =
  | "connections"
  | "closingSockets"
  | "pendingUpgrades"
  | "subscriptions"
  | "topics"
  | "historyBytes"
  | "views";

/** Records everything that is counted and timed. */
export class RecordingMetrics implements Metrics {
  /** The last value of each gauge. */
  readonly gauges: Record<GaugeName, number> = {
    connections: 0,
    closingSockets: 0,
    pendingUpgrades: 0,
    subscriptions: 0,
    topics: 0,
    historyBytes: 0,
    views: 0,
  };
  /** Results of upgrade requests, in order. */
  readonly upgrades: UpgradeResult[] = [];
  /** Reasons of refusals, in order. */
  readonly refusals: RefusalReason[] = [];
  /** Close codes of ended connections, in order. */
  readonly disconnects: number[] = [];
  /** Inbound messages by type. */
  readonly inbound: Record<InboundType, number> = {
    subscribe: 0,
    unsubscribe: 0,
    ping: 0,
    invalid: 0,
  };
  /** Outbound messages by type. */
  readonly outbound: Record<OutboundType, number> = {
    welcome: 0,
    subscribed: 0,
    unsubscribed: 0,
    message: 0,
    pong: 0,
    error: 0,
  };
  /** Results of authentications, in order. */
  readonly authentications: string[] = [];
  /** Results of authorisations, in order. */
  readonly authorisations: string[] = [];
  /** Publications that were appended. */
  publications = 0;
  /** Broadcasts that reached their first subscriber. */
  sendings = 0;
  /** Broadcasts that reached their last subscriber. */
  broadcasts = 0;
  /** Calls to Directus: in flight, queued, the maximum of both, and whether they are held back. */
  readonly directus = { inFlight: 0, maxInFlight: 0, queued: 0, maxQueued: 0, heldBack: false };
  /** Avoided calls to Directus, by reason. */
  readonly avoidedCalls: Record<AvoidedBy, number> = { cache: 0, coalesced: 0, batched: 0 };
  /** Results of revalidations, in order. */
  readonly revalidations: RevalidationResult[] = [];
  /** Each report of how late sessions are revalidated, in milliseconds. */
  readonly lags: number[] = [];
  /** Subscriptions that ended because the right was withdrawn. */
  withdrawals = 0;
  /** Subscriptions with `since`, by whether the history held everything after it. */
  readonly recoveries: Record<"hit" | "miss", number> = { hit: 0, miss: 0 };
  /** Messages that clients missed, as `skipped` reported. */
  missed = 0;
  /** Skipped messages that were conflated for slow consumers. */
  conflations = 0;
  /** Each report of whether Redis is reachable, in order. */
  readonly redis: boolean[] = [];
  /** Results of ingest entries, in order. */
  readonly ingests: IngestResult[] = [];
  /** Results of reads of views, in order. */
  readonly viewReads: ViewReadResult[] = [];
  readonly #watch = new Watch();

  /** Resolves once a condition on the records holds. */
  until(condition: (metrics: this) => boolean): Promise<void> {
    return this.#watch.until(() => condition(this));
  }

  connections(count: number): void {
    this.#set("connections", count);
  }
  closingSockets(count: number): void {
    this.#set("closingSockets", count);
  }
  pendingUpgrades(count: number): void {
    this.#set("pendingUpgrades", count);
  }
  subscriptions(count: number): void {
    this.#set("subscriptions", count);
  }
  topics(count: number): void {
    this.#set("topics", count);
  }
  historyBytes(count: number): void {
    this.#set("historyBytes", count);
  }
  upgrade(result: UpgradeResult): void {
    this.#add(this.upgrades, result);
  }
  refused(reason: RefusalReason): void {
    this.#add(this.refusals, reason);
  }
  disconnect(code: number): void {
    this.#add(this.disconnects, code);
  }
  received(type: InboundType): void {
    this.inbound[type]++;
    this.#watch.changed();
  }
  sent(type: OutboundType, count: number): void {
    this.outbound[type] += count;
    this.#watch.changed();
  }
  published(count: number): void {
    this.publications += count;
    this.#watch.changed();
  }
  authenticated(result: string): void {
    this.#add(this.authentications, result);
  }
  authorised(result: string): void {
    this.#add(this.authorisations, result);
  }
  directusCalls(inFlight: number, queued: number): void {
    const { directus } = this;
    Object.assign(directus, { inFlight, queued });
    directus.maxInFlight = Math.max(directus.maxInFlight, inFlight);
    directus.maxQueued = Math.max(directus.maxQueued, queued);
    this.#watch.changed();
  }
  callAvoided(by: AvoidedBy): void {
    this.avoidedCalls[by]++;
    this.#watch.changed();
  }
  directusCircuitOpen(heldBack: boolean): void {
    this.directus.heldBack = heldBack;
    this.#watch.changed();
  }
  revalidated(result: RevalidationResult): void {
    this.#add(this.revalidations, result);
  }
  revalidationLag(elapsedMs: number): void {
    this.#add(this.lags, elapsedMs);
  }
  rightsWithdrawn(count: number): void {
    this.withdrawals += count;
    this.#watch.changed();
  }
  recovery(result: "hit" | "miss"): void {
    this.recoveries[result]++;
    this.#watch.changed();
  }
  skipped(count: number): void {
    this.missed += count;
    this.#watch.changed();
  }
  conflated(count: number): void {
    this.conflations += count;
    this.#watch.changed();
  }
  redisUp(up: boolean): void {
    this.#add(this.redis, up);
  }
  ingested(result: IngestResult): void {
    this.#add(this.ingests, result);
  }
  views(count: number): void {
    this.#set("views", count);
  }
  viewRead(result: ViewReadResult): void {
    this.#add(this.viewReads, result);
  }
  eventLoopDelay(): void {}
  publishToSend(): void {
    this.sendings++;
    this.#watch.changed();
  }
  broadcast(): void {
    this.broadcasts++;
    this.#watch.changed();
  }

  #set(name: GaugeName, count: number): void {
    this.gauges[name] = count;
    this.#watch.changed();
  }

  #add<T>(list: T[], value: T): void {
    list.push(value);
    this.#watch.changed();
  }
}
