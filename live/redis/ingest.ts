/**
 * Publishing by way of a Redis stream.
 *
 * @module
 */

import { z } from "zod";
import type { Publication } from "../domain/publication.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import { reasonOf, RedisClient } from "./client.ts";
import { type IngestEntry, readEntries } from "./ingest_entry.ts";
import { Stopping } from "./stopping.ts";
import { append, type StoreBounds } from "./store.ts";

/** What ingesting needs. */
export interface IngestOptions extends StoreBounds {
  /** Where Redis is. */
  readonly url: string;
  /** Name of the stream. */
  readonly stream: string;
  /** Name of this instance, as the stream's consumer. */
  readonly instanceId: string;
  /** Told of malformed entries, and when Redis is lost. */
  readonly logger: Logger;
  /** Counts entries. */
  readonly metrics: Metrics;
}

/** The consumer group of all instances. */
const GROUP = "live";

/** Entries that are published in one step. */
const BATCH = 256;

/** How long an instance leads without saying so again, in milliseconds. */
const LEASE_MS = 5_000;

/** How long one read waits for entries, in milliseconds: a stop waits for it. */
const BLOCK_MS = 250;

/** After a failure the stream is read again so much later, in milliseconds. */
const RETRY_MS = 1_000;

/** Takes the lead if nobody has it, or keeps it. */
const LEAD = `
local holder = redis.call('GET', ARGV[1])
if holder and holder ~= ARGV[2] then return 0 end
redis.call('SET', ARGV[1], ARGV[2], 'PX', ARGV[3])
return 1
`;

/** Gives the lead to whoever asks next. */
const RESIGN = `
if redis.call('GET', ARGV[1]) == ARGV[2] then redis.call('DEL', ARGV[1]) end
`;

/** Removes consumers that have left nothing behind. */
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
 * All instances are one consumer group, of which one leads: entries that two instances publish side
 * by side would overtake each other. Whoever takes over the lead first publishes what the one before
 * left behind. An entry is acknowledged in the very step that publishes it, so an instance that
 * was thought dead and comes back publishes nothing again.
 */
export class Ingest {
  readonly #options: IngestOptions;
  /** Tells instances apart even where somebody gave two of them one name. */
  readonly #name: string;
  readonly #stopping = new Stopping();
  #running: Promise<void> | undefined;

  /** Creates an ingest that reads nothing before {@linkcode start}. */
  constructor(options: IngestOptions) {
    this.#options = options;
    this.#name = `${options.instanceId}-${crypto.randomUUID().slice(0, 8)}`;
  }

  /** Begins to read. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Reads no more; resolves once what is under way has been left. */
  async stop(): Promise<void> {
    this.#stopping.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.stopped) {
      try {
        const client = await RedisClient.connect(this.#options.url);
        client.watch();
        await this.#follow(client).finally(() => client.lose("stopped"));
      } catch (error) {
        const reason = reasonOf(error);
        this.#options.logger.warn("ingest interrupted", { reason });
      }
      await this.#stopping.pause(RETRY_MS);
    }
  }

  /** Waits for the lead, and leads until it is lost or given up. */
  async #follow(client: RedisClient): Promise<void> {
    while (!this.#stopping.stopped) {
      if (await this.#lead(client)) {
        await this.#createGroup(client);
        await this.#takeOver(client);
        while (await this.#lead(client)) await this.#publish(client, await this.#next(client));
      }
      await this.#stopping.pause(LEASE_MS / 3);
    }
    await client.script(RESIGN, [this.#leaseKey, this.#name]);
  }

  get #leaseKey(): string {
    return `live:ingest:${this.#options.stream}`;
  }

  async #lead(client: RedisClient): Promise<boolean> {
    if (this.#stopping.stopped) return false;
    const args = [this.#leaseKey, this.#name, `${LEASE_MS}`];
    return await client.script(LEAD, args) === 1;
  }

  /** Creates the group before the stream's first entry, so that none is missed. */
  async #createGroup(client: RedisClient): Promise<void> {
    const { stream } = this.#options;
    try {
      await client.run(["XGROUP", "CREATE", stream, GROUP, "0", "MKSTREAM"]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("BUSYGROUP")) throw error;
    }
  }

  /** Publishes what was read, by whomever, and never acknowledged. */
  async #takeOver(client: RedisClient): Promise<void> {
    const { stream } = this.#options;
    let from = "0-0";
    do {
      const args = [stream, GROUP, this.#name, "0", from, "COUNT", `${BATCH}`];
      const [next, entries] = claimed.parse(await client.run(["XAUTOCLAIM", ...args]));
      await this.#publish(client, readEntries(entries));
      from = next;
    } while (from !== "0-0" && await this.#lead(client));
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
    const published = positions.filter((position) => position !== undefined).length;
    metrics.published(published);
    for (const position of positions) {
      metrics.ingested(position === undefined ? "repeated" : "published");
    }
  }
}
