/**
 * What all topics may hold together in Redis.
 *
 * @module
 */

import { z } from "zod";
import type { Publication } from "../domain/publication.ts";
import { DESCRIBE, FORGET } from "./forget_script.ts";
import type { Link } from "./link.ts";
import { partitions } from "./partition.ts";

/**
 * How much is kept when topics are forgotten, as a fraction of the bound. Without this slack, every
 * publication past the bound would have to read the sizes of all partitions.
 */
const SHRINK_TO = 0.9;

/** How old the known sizes may become, in milliseconds: other instances publish to the same partitions. */
const STALE_MS = 10_000;

/**
 * A partition: its key prefix, its size in bytes, the topic to forget first, and when that was last used.
 */
const described = z.array(z.tuple([z.string(), z.number(), z.string(), z.string()]));

/** What is known of a partition. */
interface Partition {
  readonly prefix: string;
  readonly bytes: number;
  /** The least recently used topic; empty if there is none. */
  readonly oldest: string;
  /** When it was used. */
  readonly usedAt: string;
}

/**
 * Keeps all topics together within a bound by forgetting the least recently used ones. Redis keeps the
 * books of each partition; this class adds them up, because no script can do that on a cluster.
 */
export class RedisBudget {
  readonly #link: Link;
  readonly #maxBytes: number;
  /** What each partition holds, as far as this instance knows. */
  readonly #sizes = new Map<string, number>();
  /** Partitions that this instance has published to since it last asked for the sizes of all. */
  readonly #noted = new Set<string>();
  #describedAt = -Infinity;
  #shrinking: Promise<void> | undefined;

  /** Creates a budget that knows no sizes yet. */
  constructor(link: Link, maxBytes: number) {
    this.#link = link;
    this.#maxBytes = maxBytes;
  }

  /** Notes what partitions hold now. */
  note(sizes: ReadonlyMap<string, number>): void {
    for (const [prefix, bytes] of sizes) {
      this.#sizes.set(prefix, bytes);
      this.#noted.add(prefix);
    }
  }

  /**
   * Forgets topics if all of them together hold too much. Concurrent calls share one run. Never rejects:
   * what cannot be forgotten now is forgotten later.
   *
   * @param newest Publications that were just appended; their topics stay.
   */
  async keep(newest: readonly Publication[]): Promise<void> {
    const isStale = performance.now() - this.#describedAt > STALE_MS;
    if (!isStale && this.#used <= this.#maxBytes) return;
    const stays = new Set(newest.map(({ topic }) => topic));
    const underWay = this.#shrinking;
    const shrinking = this.#shrinking ??= this.#begin(stays);
    if (this.#used <= this.#maxBytes) return;
    await shrinking;
    // The run that was under way may not have counted what this call's caller has published.
    if (underWay !== undefined && this.#used > this.#maxBytes) {
      await (this.#shrinking ??= this.#begin(stays));
    }
  }

  #begin(stays: ReadonlySet<string>): Promise<void> {
    return this.#shrink(stays).catch(() => {}).finally(() => this.#shrinking = undefined);
  }

  get #used(): number {
    return this.#sizes.values().reduce((sum, bytes) => sum + bytes, 0);
  }

  async #shrink(stays: ReadonlySet<string>): Promise<void> {
    this.#describedAt = performance.now();
    this.#noted.clear();
    const found = new Map<string, Partition>();
    for (const partition of await this.#describe()) found.set(partition.prefix, partition);
    for (const [prefix, { bytes }] of found) {
      if (!this.#noted.has(prefix)) this.#sizes.set(prefix, bytes); // otherwise the answer may be older
    }
    if (this.#used <= this.#maxBytes) return;
    while (this.#used > this.#maxBytes * SHRINK_TO) {
      const next = oldestOf(found.values());
      if (next === undefined || stays.has(next.oldest)) return;
      const [left] = await this.#forget(next);
      if (left === undefined) return;
      const isForgotten = left.oldest !== next.oldest || left.usedAt !== next.usedAt;
      if (isForgotten) found.set(left.prefix, left);
      else found.delete(left.prefix); // its keys are moving: try another partition
      this.#sizes.set(left.prefix, left.bytes);
    }
  }

  async #describe(): Promise<Partition[]> {
    if (!this.#link.isSplit) return await this.#run(DESCRIBE, "", partitions);
    const usable = partitions.filter((prefix) => this.#link.troubleOf(prefix) === undefined);
    const answers = await Promise.allSettled(
      usable.map((prefix) => this.#run(DESCRIBE, prefix, [prefix])),
    );
    return answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
  }

  #forget({ prefix, oldest, usedAt }: Partition): Promise<Partition[]> {
    return this.#run(FORGET, prefix, [prefix, oldest, usedAt]);
  }

  async #run(script: typeof FORGET, key: string, args: readonly string[]): Promise<Partition[]> {
    const keys = this.#link.isSplit ? [`${key}sizes`, `${key}used`] : [];
    const reply = await this.#link.run(
      key,
      ({ commands }, isAsking) => commands.script(script, keys, args, isAsking),
    );
    return described.parse(reply).map(([prefix, bytes, oldest, usedAt]) => ({
      ...{ prefix, bytes, oldest, usedAt },
    }));
  }
}

/** Returns the partition with the least recently used topic of all; `undefined` if there are no topics. */
function oldestOf(found: Iterable<Partition>): Partition | undefined {
  let first: Partition | undefined;
  for (const partition of found) {
    if (partition.oldest === "") continue;
    if (first === undefined || Number(partition.usedAt) < Number(first.usedAt)) first = partition;
  }
  return first;
}
