/**
 * Publishing by way of a Redis stream.
 *
 * @module
 */

import { z } from "zod";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Publication } from "../domain/publication.ts";
import { reasonOf, RedisClient } from "./client.ts";
import { type IngestEntry, readEntries } from "./ingest_entry.ts";
import { IngestLease, LEASE_RETRY_MS } from "./ingest_lease.ts";
import { pause } from "./pause.ts";
import { append, type StoreBounds } from "./store.ts";
import { WarningThrottle } from "../domain/warning_throttle.ts";

/** What ingesting needs. */
export interface IngestOptions extends StoreBounds {
  /** Where Redis is. The ingest has a connection of its own, as its reads block. */
  readonly url: string;
  /** Name of the stream. */
  readonly stream: string;
  /** Name of this instance, as the stream's consumer. */
  readonly instanceId: string;
  /** Logs malformed entries, and interruptions. */
  readonly logger: Logger;
  /** Counts entries. */
  readonly metrics: Metrics;
}

/** The consumer group of all instances. */
const GROUP = "live";

/** Entries that are published in one step. */
const BATCH = 256;

/** How long a read waits for entries, in milliseconds: a stop waits for it. */
const BLOCK_MS = 250;

/** How long to wait after a failure, in milliseconds. */
const RETRY_MS = 1_000;

/** Deletes consumers that have left nothing behind. */
const TIDY = `
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', ARGV[1], ARGV[2])) do
  local name, pending = consumer[2], consumer[4]
  if pending == 0 and name ~= ARGV[3] then
    redis.call('XGROUP', 'DELCONSUMER', ARGV[1], ARGV[2], name)
  end
end
`;

const claimed = z.tuple([z.string(), z.unknown()]).rest(z.unknown());
const streams = z.array(z.tuple([z.string(), z.unknown()])).length(1);

/**
 * Publishes the entries of a stream, each once and in their order.
 *
 * All instances are one consumer group, of which one leads: entries that two instances publish at the
 * same time could overtake each other. An instance that takes over the lead first publishes what the
 * previous leader left behind. An entry is acknowledged in the same step that publishes it, so an
 * instance that was taken for dead and comes back publishes nothing twice.
 */
export class Ingest {
  readonly #options: IngestOptions;
  /** Tells instances apart even if two of them were given the same name. */
  readonly #name: string;
  readonly #lease: IngestLease;
  readonly #warnings: WarningThrottle;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  /** Creates an ingest that reads nothing before {@linkcode start}. */
  constructor(options: IngestOptions) {
    this.#options = options;
    this.#name = `${options.instanceId}-${crypto.randomUUID().slice(0, 8)}`;
    this.#lease = new IngestLease(options.stream, this.#name);
    this.#warnings = new WarningThrottle(options.logger);
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
    while (!this.#stopped) {
      try {
        const client = await RedisClient.connect(this.#options.url);
        await this.#work(client).finally(() => client.lose("stopped"));
      } catch (error) {
        this.#warnings.warn("ingest interrupted", reasonOf(error));
      }
      await pause(RETRY_MS, this.#stop.signal);
    }
  }

  /** Waits for the lead, and leads until it is lost or given up. */
  async #work(client: RedisClient): Promise<void> {
    while (!this.#stopped) {
      if (await this.#leads(client)) {
        await this.#createGroup(client);
        await this.#takeOver(client);
        while (await this.#leads(client)) await this.#publish(client, await this.#next(client));
      }
      await pause(LEASE_RETRY_MS, this.#stop.signal);
    }
    await this.#lease.release(client);
  }

  async #leads(client: RedisClient): Promise<boolean> {
    return !this.#stopped && await this.#lease.hold(client);
  }

  /** Creates the group at the stream's beginning, so that no entry is missed. */
  async #createGroup(client: RedisClient): Promise<void> {
    const { stream } = this.#options;
    try {
      await client.run(["XGROUP", "CREATE", stream, GROUP, "0", "MKSTREAM"]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("BUSYGROUP")) throw error;
    }
  }

  /** Publishes what any instance has read and not acknowledged. */
  async #takeOver(client: RedisClient): Promise<void> {
    const { stream } = this.#options;
    let from = "0-0";
    do {
      const args = [stream, GROUP, this.#name, "0", from, "COUNT", `${BATCH}`];
      const [next, entries] = claimed.parse(await client.run(["XAUTOCLAIM", ...args]));
      await this.#publish(client, readEntries(entries));
      from = next;
    } while (from !== "0-0" && await this.#leads(client));
    await client.script(TIDY, [stream, GROUP, this.#name]);
  }

  async #next(client: RedisClient): Promise<IngestEntry[]> {
    const { stream } = this.#options;
    const args = ["GROUP", GROUP, this.#name, "COUNT", `${BATCH}`, "BLOCK", `${BLOCK_MS}`];
    const reply = await client.run(["XREADGROUP", ...args, "STREAMS", stream, ">"]);
    if (reply === null) return [];
    const [[, entries] = []] = streams.parse(reply);
    return readEntries(entries);
  }

  async #publish(client: RedisClient, entries: readonly IngestEntry[]): Promise<void> {
    const { stream, logger, metrics } = this.#options;
    const publications: Publication[] = [];
    const ids: string[] = [];
    for (const { id, publication } of entries) {
      if (typeof publication === "string") {
        logger.warn("ingest: malformed entry", { stream, id, reason: publication });
        metrics.ingested("malformed");
        await client.run(["XACK", stream, GROUP, id]);
      } else {
        publications.push(publication);
        ids.push(id);
      }
    }
    if (publications.length === 0) return;
    const from = { stream, group: GROUP, ids };
    const positions = await append(client, publications, this.#options, from);
    metrics.published(positions.filter((position) => position !== undefined).length);
    for (const position of positions) {
      metrics.ingested(position === undefined ? "repeated" : "published");
    }
  }
}
