/**
 * Which items a session may read, checked in as few calls as is safe.
 *
 * @module
 */

import type { Authorisation, Unauthorized, Unavailable } from "../domain/authority.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Credential } from "../domain/credential.ts";
import type { Topic, TopicSource } from "../domain/topic.ts";
import type { CallLane, CompletedCall, DirectusClient } from "./directus_client.ts";
import { readItem, readList } from "./responses.ts";

/** What access checks need. */
export interface ItemAccessOptions {
  /** Calls Directus. */
  readonly client: DirectusClient;
  /** Collections by topic prefix. A prefix that is not listed is the collection's own name. */
  readonly topics: ReadonlyMap<string, TopicSource>;
  /** Records call latencies, and checks that shared a call. */
  readonly metrics: Metrics;
}

/** A check that waits for its answer. */
interface Check {
  readonly topic: Topic;
  readonly resolve: (answer: Authorisation | Promise<Authorisation>) => void;
  readonly reject: (error: unknown) => void;
}

/** Pending checks of one session on one collection, in one lane. */
interface Batch {
  /** Identifies them. */
  readonly key: string;
  readonly lane: CallLane;
  readonly credential: Credential;
  readonly source: TopicSource;
  pending: Check[];
}

/** Bounds of a list request: ids, and their length in the URL, in bytes. */
const MAX_IDS = 50;
const MAX_IDS_BYTES = 4_000;

/** Failed lists that are remembered; the oldest is dropped. */
const MAX_FAILED_LISTS = 1_000;

/**
 * Batches the checks of one session on one collection: those that arrive in the same event loop
 * turn, and those that arrive while a call of the batch is in flight.
 *
 * A list can allow topics, but not deny them. Every topic that it does not allow is checked alone, because
 * Directus may cut a list short, reject it for one malformed id, or read an id in its own way.
 */
export class ItemAccess {
  readonly #options: ItemAccessOptions;
  readonly #batches = new Map<string, Batch>();
  /**
   * Batches whose last list request failed. Their next round checks each item alone, once. If one item
   * makes Directus fail, the other topics must not fail with it for ever.
   */
  readonly #failedLists = new Set<string>();

  /** Creates access checks without pending batches. */
  constructor(options: ItemAccessOptions) {
    this.#options = options;
  }

  /** Resolves to whether a session may read the item behind a topic. */
  check(credential: Credential, topic: Topic, lane: CallLane): Promise<Authorisation> {
    const { promise, resolve, reject } = Promise.withResolvers<Authorisation>();
    const { prefix } = topic;
    const source = this.#options.topics.get(prefix) ?? { collection: prefix, primaryKey: "id" };
    const key = `${credential.hash()} ${source.collection} ${source.primaryKey} ${lane}`;
    const check = { topic, resolve, reject };
    const batch = this.#batches.get(key);
    if (batch === undefined) {
      const first = { key, lane, credential, source, pending: [check] };
      this.#batches.set(key, first);
      queueMicrotask(() => this.#run(first));
    } else {
      batch.pending.push(check);
    }
    return promise;
  }

  /** Runs rounds of checks until none is pending. */
  async #run(batch: Batch): Promise<void> {
    while (batch.pending.length > 0) {
      const checks = batch.pending;
      batch.pending = [];
      const lists = this.#failedLists.delete(batch.key)
        ? checks.map((check) => [check])
        : splitIntoLists(checks);
      await Promise.all(lists.map((list) => this.#settle(batch, list)));
    }
    this.#batches.delete(batch.key);
  }

  async #settle(batch: Batch, checks: readonly Check[]): Promise<void> {
    const checkItem = ({ topic }: Check) => this.#checkItem(batch, topic);
    try {
      const [first, ...more] = checks;
      if (first === undefined) return;
      if (more.length === 0) return first.resolve(await checkItem(first));
      const answer = await this.#checkList(batch, checks);
      let allowed = 0;
      for (const check of checks) {
        if (!(answer instanceof Set)) check.resolve(answer);
        else if (!answer.has(check.topic.id)) check.resolve(checkItem(check));
        else {
          check.resolve({ kind: "allowed" });
          if (++allowed > 1) this.#options.metrics.callAvoided("batched");
        }
      }
    } catch (error) {
      for (const check of checks) check.reject(error);
    }
  }

  async #checkItem({ lane, credential, source }: Batch, topic: Topic): Promise<Authorisation> {
    const { collection, primaryKey } = source;
    const path = `/items/${collection}/${encodeURIComponent(topic.id)}?fields=${primaryKey}` +
      cacheBuster(primaryKey);
    const call = await this.#options.client.get(path, credential, { lane });
    if (call.kind === "unavailable") return call;
    const answer = readItem(call.response, topic.id, primaryKey);
    this.#record(answer.kind, call);
    return answer;
  }

  /** Resolves to the ids that are allowed, or to one answer for all of them. */
  async #checkList(
    { key, lane, credential, source }: Batch,
    checks: readonly Check[],
  ): Promise<Set<string> | Unauthorized | Unavailable> {
    const { collection, primaryKey } = source;
    const ids = checks.map(({ topic }) => encodeURIComponent(topic.id)).join();
    const path = `/items/${collection}?fields=${primaryKey}&limit=-1` +
      `&filter[${primaryKey}][_in]=${ids}` + cacheBuster(primaryKey);
    const call = await this.#options.client.get(path, credential, { lane });
    if (call.kind === "unavailable") return call;
    const answer = readList(call.response, primaryKey);
    this.#record(answer instanceof Set ? "allowed" : answer.kind, call);
    const isUnavailable = !(answer instanceof Set) && answer.kind === "unavailable";
    if (isUnavailable && !isRateLimited(call)) this.#rememberFailedList(key);
    return answer;
  }

  #rememberFailedList(key: string): void {
    this.#failedLists.add(key);
    const [oldest = key] = this.#failedLists;
    if (this.#failedLists.size > MAX_FAILED_LISTS) this.#failedLists.delete(oldest);
  }

  #record(kind: Authorisation["kind"], { elapsedMs }: CompletedCall): void {
    this.#options.metrics.authorised(METRIC_RESULTS[kind], elapsedMs);
  }
}

const METRIC_RESULTS = {
  allowed: "ok",
  forbidden: "forbidden",
  unauthorized: "unauthorized",
  unavailable: "error",
} as const;

/**
 * Returns a query parameter that makes each URL unique. With CACHE_ENABLED Directus would otherwise
 * repeat a cached response for minutes, and allow what it now hides. An alias that no field uses
 * has no other effect.
 */
function cacheBuster(primaryKey: string): string {
  return `&alias[n${crypto.randomUUID().slice(0, 8)}]=${primaryKey}`;
}

function isRateLimited({ response }: CompletedCall): boolean {
  return response.kind === "failed" && response.cause === "rate-limit";
}

/** Splits checks into lists within the bounds. An id that cannot be in a list gets a request of its own. */
function splitIntoLists(checks: readonly Check[]): Check[][] {
  const lists: Check[][] = [];
  let list: Check[] = [];
  let bytes = 0;
  for (const check of checks) {
    const { id } = check.topic;
    if (id.includes(",")) { // Directus would split it
      lists.push([check]);
      continue;
    }
    const length = encodeURIComponent(id).length + 1;
    if (list.length === 0 || list.length >= MAX_IDS || bytes + length > MAX_IDS_BYTES) {
      list = [];
      bytes = 0;
      lists.push(list);
    }
    list.push(check);
    bytes += length;
  }
  return lists;
}
