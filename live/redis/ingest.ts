/**
 * Publishing the entries of a Redis stream.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Publication } from "../domain/publication.ts";
import { WarningThrottle } from "../domain/warning_throttle.ts";
import { reasonOf, RedisClient } from "./client.ts";
import type { IngestEntry } from "./ingest_entry.ts";
import { IngestLease, LEASE_RETRY_MS } from "./ingest_lease.ts";
import { IngestStream } from "./ingest_stream.ts";
import type { Link } from "./link.ts";
import { partitionOf } from "./partition.ts";
import { pause } from "./pause.ts";
import { RedisBudget } from "./redis_budget.ts";
import { append, type Appended, type StoreBounds } from "./store.ts";

/** What ingesting needs. */
export interface IngestOptions extends StoreBounds {
  /**
   * The link to Redis, for publishing. The ingest neither starts nor stops it. It reads on a connection of
   * its own, because its reads block.
   */
  readonly link: Link;
  /** Name of the stream. */
  readonly stream: string;
  /** Name of this instance, as the stream's consumer. */
  readonly instanceId: string;
  /** Logs malformed entries, and interruptions. */
  readonly logger: Logger;
  /** Counts entries. */
  readonly metrics: Metrics;
}

/** How long to wait after a failure, in milliseconds. */
const RETRY_MS = 1_000;

/** How long to wait while the link has not reached Redis, in milliseconds. */
const WAIT_MS = 100;

/** An entry that can be published. */
interface Valid {
  readonly id: string;
  readonly publication: Publication;
}

/**
 * Publishes the entries of a stream, each once and in their order.
 *
 * All instances form one consumer group, and only its leader publishes: if two instances published at the
 * same time, entries could overtake each other. An instance that takes over the lead first publishes what
 * the previous leader left behind. Each partition stores the id of its last entry in the same step that
 * publishes the entry. So an instance that was taken for dead and comes back publishes nothing twice.
 */
export class Ingest {
  readonly #options: IngestOptions;
  /** Tells instances apart even if two of them were given the same name. */
  readonly #name: string;
  readonly #lease: IngestLease;
  readonly #warnings: WarningThrottle;
  readonly #budget: RedisBudget;
  readonly #stop = new AbortController();
  /** Partitions to which publishing failed. Their later entries wait, so that the order is kept. */
  readonly #blocked = new Set<string>();
  /** When to try them again at the earliest, in milliseconds of the monotonic clock. */
  #retryAt = 0;
  #running: Promise<void> | undefined;

  /** Creates an ingest that reads nothing before {@linkcode start}. */
  constructor(options: IngestOptions) {
    this.#options = options;
    this.#name = `${options.instanceId}-${crypto.randomUUID().slice(0, 8)}`;
    this.#lease = new IngestLease(options.stream, this.#name);
    this.#warnings = new WarningThrottle(options.logger);
    this.#budget = new RedisBudget(options.link, options.historyMaxBytes);
  }

  /** Starts to read. A second call, or one after {@linkcode stop}, changes nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops to read. Resolves once the batch in flight is published and nothing is left open. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #run(): Promise<void> {
    const { link, stream } = this.#options;
    while (!this.#stopped) {
      try {
        // Until the link has reached Redis, it logs the trouble itself.
        if (link.troubleOf(stream) === undefined) await this.#connect();
      } catch (error) {
        this.#warnings.warn("ingest interrupted", reasonOf(error));
      }
      await pause(link.troubleOf(stream) === undefined ? RETRY_MS : WAIT_MS, this.#stop.signal);
    }
  }

  async #connect(): Promise<void> {
    const { link, stream } = this.#options;
    const client = await RedisClient.connect(await link.locate(stream));
    await this.#work(client).finally(() => client.lose("stopped"));
  }

  /** Waits for the lead, then leads until it loses the lead or stops. */
  async #work(client: RedisClient): Promise<void> {
    const stream = new IngestStream(client, this.#options.stream, this.#name);
    while (!this.#stopped) {
      if (await this.#leads(client)) await this.#lead(client, stream);
      await pause(LEASE_RETRY_MS, this.#stop.signal);
    }
    await this.#lease.release(client);
  }

  async #leads(client: RedisClient): Promise<boolean> {
    return !this.#stopped && await this.#lease.hold(client);
  }

  async #lead(client: RedisClient, stream: IngestStream): Promise<void> {
    const life = await stream.join();
    await this.#takeOver(client, stream, life);
    while (await this.#leads(client)) {
      await this.#publish(stream, life, await stream.next());
      if (this.#isUnblocked) await this.#takeOver(client, stream, life);
    }
  }

  /** Whether entries wait that could be published now. */
  get #isUnblocked(): boolean {
    const { link } = this.#options;
    if (performance.now() < this.#retryAt) return false;
    return this.#blocked.values().some((key) => link.troubleOf(key) === undefined);
  }

  /** Publishes what any instance has read and not acknowledged. */
  async #takeOver(client: RedisClient, stream: IngestStream, life: string): Promise<void> {
    this.#blocked.clear();
    let from: string | undefined = "0-0";
    do {
      const { entries, next } = await stream.claim(from);
      await this.#publish(stream, life, entries);
      from = next;
    } while (from !== undefined && await this.#leads(client));
    await stream.tidy();
  }

  async #publish(
    stream: IngestStream,
    life: string,
    entries: readonly IngestEntry[],
  ): Promise<void> {
    const { logger, metrics, stream: name, link } = this.#options;
    const valid: Valid[] = [];
    const done: string[] = [];
    for (const { id, publication } of entries) {
      if (typeof publication === "string") {
        logger.warn("ingest: malformed entry", { stream: name, id, reason: publication });
        metrics.ingested("malformed");
        done.push(id);
      } else if (!this.#blocked.has(this.#keyOf(publication))) {
        valid.push({ id, publication });
      }
    }
    const publications = valid.map(({ publication }) => publication);
    const from = { stream: `${life}:${name}`, ids: valid.map(({ id }) => id) };
    const groups = valid.length === 0 ? [] : await append(link, publications, this.#options, from);
    for (const appended of groups) done.push(...this.#note(appended, valid));
    await stream.acknowledge(done);
    await this.#budget.keep(publications);
  }

  /**
   * Counts entries that were published together, or makes them wait. Returns the ids of entries to
   * acknowledge.
   */
  #note({ key, indexes, result }: Appended, entries: readonly Valid[]): string[] {
    const { metrics } = this.#options;
    if (result.status === "rejected") {
      this.#warnings.warn("ingest interrupted", reasonOf(result.reason));
      this.#blocked.add(key);
      this.#retryAt = performance.now() + RETRY_MS;
      return [];
    }
    const { cursors, sizes } = result.value;
    this.#budget.note(sizes);
    metrics.published(cursors.filter((cursor) => cursor !== undefined).length);
    for (const cursor of cursors) metrics.ingested(cursor === undefined ? "repeated" : "published");
    return indexes.map((index) => entries[index]?.id ?? "");
  }

  #keyOf({ topic }: Publication): string {
    return this.#options.link.isSplit ? partitionOf(topic) : "";
  }
}
