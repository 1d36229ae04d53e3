/**
 * The stream that is ingested, as its consumer group sees it.
 *
 * @module
 */

import { z } from "zod";
import type { RedisClient } from "./client.ts";
import { scriptOf } from "./script.ts";
import { type IngestEntry, readEntries } from "./ingest_entry.ts";
import { ingestPrefix } from "./ingest_lease.ts";

/** The consumer group of all instances. */
const GROUP = "live";

/** Entries that are read in one step. */
export const BATCH = 256;

/** How long a read waits for entries, in milliseconds. A stop has to wait as long. */
const BLOCK_MS = 250;

/**
 * Creates the group at the stream's beginning, so that no entry is missed. Answers with the name of the
 * stream's life: a stream that was deleted and created again may use the same ids again.
 */
const JOIN = scriptOf(`
local stream, life = KEYS[1], KEYS[2]
local reply = redis.pcall('XGROUP', 'CREATE', stream, ARGV[1], '0', 'MKSTREAM')
if reply.err and string.sub(reply.err, 1, 9) ~= 'BUSYGROUP' then return reply end
if not reply.err or redis.call('EXISTS', life) == 0 then redis.call('SET', life, ARGV[2]) end
return redis.call('GET', life)
`);

/** Deletes consumers without pending entries. */
const TIDY = scriptOf(`
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local name, pending = consumer[2], consumer[4]
  if pending == 0 and name ~= ARGV[2] then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
  end
end
`);

const claimed = z.tuple([z.string(), z.unknown()]).rest(z.unknown());
const streams = z.array(z.tuple([z.string(), z.unknown()])).length(1);

/** Entries that were read and not acknowledged, and where to continue. */
export interface Claimed {
  readonly entries: IngestEntry[];
  /** Where the next batch begins; `undefined` after the last one. */
  readonly next: string | undefined;
}

/** Reads a stream as one consumer of the group, on a connection of its own. */
export class IngestStream {
  readonly #client: RedisClient;
  readonly #stream: string;
  readonly #consumer: string;

  /** Creates a reader that has not joined the group yet. */
  constructor(client: RedisClient, stream: string, consumer: string) {
    this.#client = client;
    this.#stream = stream;
    this.#consumer = consumer;
  }

  /** Creates the group if there is none; resolves to the name of the stream's life. */
  async join(): Promise<string> {
    const keys = [this.#stream, `${ingestPrefix(this.#stream)}life`];
    const args = [GROUP, crypto.randomUUID().slice(0, 8)];
    return String(await this.#client.script(JOIN, keys, args));
  }

  /** Takes over what any instance has read and not acknowledged, in its order. */
  async claim(from: string): Promise<Claimed> {
    const args = [this.#stream, GROUP, this.#consumer, "0", from, "COUNT", `${BATCH}`];
    const [next, entries] = claimed.parse(await this.#client.run(["XAUTOCLAIM", ...args]));
    return { entries: readEntries(entries), next: next === "0-0" ? undefined : next };
  }

  /** Waits a moment for new entries. */
  async next(): Promise<IngestEntry[]> {
    const args = ["GROUP", GROUP, this.#consumer, "COUNT", `${BATCH}`, "BLOCK", `${BLOCK_MS}`];
    const reply = await this.#client.run(["XREADGROUP", ...args, "STREAMS", this.#stream, ">"]);
    if (reply === null) return [];
    const [[, entries] = []] = streams.parse(reply);
    return readEntries(entries);
  }

  /** Acknowledges entries: they are not read again. */
  async acknowledge(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#client.run(["XACK", this.#stream, GROUP, ...ids]);
  }

  /** Deletes other consumers that have no pending entries. */
  async tidy(): Promise<void> {
    await this.#client.script(TIDY, [this.#stream], [GROUP, this.#consumer]);
  }
}
