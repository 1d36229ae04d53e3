/**
 * Metrics and a log that remember what they were told, and let a test wait for it.
 *
 * @module
 */

import type { LogFields, Logger } from "../../live/domain/logger.ts";
import type {
  AvoidedBy,
  InboundType,
  IngestResult,
  Metrics,
  OutboundType,
  RevalidationResult,
  UpgradeResult,
} from "../../live/domain/metrics.ts";
import { Watch } from "./queue.ts";

/** Names of the metrics that rise and fall. */
export type GaugeName =
  | "connections"
  | "closingSockets"
  | "pendingUpgrades"
  | "subscriptions"
  | "topics"
  | "historyBytes";

/** Remembers all that is counted and timed. */
export class RecordingMetrics implements Metrics {
  /** The last value of each gauge. */
  readonly gauges: Record<GaugeName, number> = {
    connections: 0,
    closingSockets: 0,
    pendingUpgrades: 0,
    subscriptions: 0,
    topics: 0,
    historyBytes: 0,
  };
  /** Answers to upgrade requests, in their order. */
  readonly upgrades: UpgradeResult[] = [];
  /** Close codes of ended connections, in their order. */
  readonly disconnects: number[] = [];
  /** How many inbound messages there were of each type. */
  readonly inbound: Record<InboundType, number> = { subscribe: 0, unsubscribe: 0, invalid: 0 };
  /** How many outbound messages there were of each type. */
  readonly outbound: Record<OutboundType, number> = {
    welcome: 0,
    subscribed: 0,
    unsubscribed: 0,
    message: 0,
    error: 0,
  };
  /** Results of asking who a session is, in their order. */
  readonly authentications: string[] = [];
  /** Results of asking for a right, in their order. */
  readonly authorisations: string[] = [];
  /** How many publications were appended. */
  publications = 0;
  /** How many broadcasts were timed until they began. */
  sendings = 0;
  /** How many broadcasts were timed until they were over. */
  broadcasts = 0;
  /** Calls to Directus: now in flight and queued, the most there were, and whether held back. */
  readonly directus = { inFlight: 0, mostInFlight: 0, queued: 0, mostQueued: 0, heldBack: false };
  /** Questions that cost no call to Directus, by what callAvoided it. */
  readonly sparedBy: Record<AvoidedBy, number> = { cache: 0, coalesced: 0, batched: 0 };
  /** What came of asking again about sessions, in their order. */
  readonly revalidations: RevalidationResult[] = [];
  /** How many subscriptions ended as their right did. */
  withdrawals = 0;
  /** Clients that came back, by whether the history held what they missed. */
  readonly recoveries: Record<"hit" | "miss", number> = { hit: 0, miss: 0 };
  /** How many messages clients were told they missed. */
  missed = 0;
  /** How many of them as they were too slow for them. */
  conflations = 0;
  /** Whether Redis could be reached, each time that was told. */
  readonly redis: boolean[] = [];
  /** What became of entries of the ingest stream, in their order. */
  readonly ingests: IngestResult[] = [];
  readonly #watch = new Watch();

  /** Resolves once a condition on what is remembered holds. */
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
    directus.mostInFlight = Math.max(directus.mostInFlight, inFlight);
    directus.mostQueued = Math.max(directus.mostQueued, queued);
    this.#watch.changed();
  }
  callAvoided(by: AvoidedBy): void {
    this.sparedBy[by]++;
    this.#watch.changed();
  }
  directusHeldBack(heldBack: boolean): void {
    this.directus.heldBack = heldBack;
    this.#watch.changed();
  }
  revalidated(result: RevalidationResult): void {
    this.#add(this.revalidations, result);
  }
  withdrawn(count: number): void {
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

/** A log line, as it was given. */
export interface LogLine {
  /** How bad it is. */
  readonly level: keyof Logger;
  /** The constant sentence. */
  readonly message: string;
  /** What varies. */
  readonly fields: LogFields;
}

/** Remembers all lines. */
export class RecordingLogger implements Logger {
  /** All lines, in their order. */
  readonly lines: LogLine[] = [];
  readonly #watch = new Watch();

  /** Returns the lines of a level. */
  of(level: keyof Logger): LogLine[] {
    return this.lines.filter((line) => line.level === level);
  }

  /** Resolves to the first line with this message, once there is one. */
  async line(message: string): Promise<LogLine> {
    const find = () => this.lines.find((line) => line.message === message);
    await this.#watch.until(() => find() !== undefined);
    return find() as LogLine;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  #log(level: keyof Logger, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields });
    this.#watch.changed();
  }
}
