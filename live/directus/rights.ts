/**
 * What sessions may listen to, asked in as few calls as is safe.
 *
 * @module
 */

import type { Authorisation, Unauthorized, Unavailable } from "../domain/authority.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { SessionCookie } from "../domain/session_cookie.ts";
import type { Topic, TopicSource } from "../domain/topic.ts";
import { readItem, readList } from "./answers.ts";
import type { Call, Called } from "./calls.ts";

/** What asking for rights needs. */
export interface RightsOptions {
  /** Calls Directus. */
  readonly call: Call;
  /** Collections behind prefixes; a prefix that is missing is the collection's own name. */
  readonly topics: ReadonlyMap<string, TopicSource>;
  /** Takes the calls' latencies, and what was answered without a call. */
  readonly metrics: Metrics;
}

/** A question that waits for its answer. */
interface Question {
  readonly topic: Topic;
  readonly resolve: (answer: Authorisation | Promise<Authorisation>) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions that may go together: of one session, about items of one collection. */
interface Group {
  readonly cookie: SessionCookie;
  readonly source: TopicSource;
  questions: Question[];
}

/** Bounds of a list: ids, and what they are in the URL, in bytes. */
const MAX_IDS = 50;
const MAX_IDS_BYTES = 4_000;

/** Groups remembered because a list of theirs failed. */
const MAX_DISTRUSTED = 1_000;

/**
 * Groups the questions of one session about one collection that come at once, and those that come
 * while it waits for their answers, into lists.
 *
 * A list may only say yes. Whatever it does not grant is asked again by itself: Directus may cut a
 * list, refuse all of it for one bad id, or read ids in a way of its own.
 */
export class Rights {
  readonly #options: RightsOptions;
  readonly #groups = new Map<string, Group>();
  /**
   * Groups whose last list failed. The next is asked item by item, once: if it was one of the
   * items that Directus failed on, the others must not fail with it for ever.
   */
  readonly #distrusted = new Set<string>();

  /** Creates it with nothing under way. */
  constructor(options: RightsOptions) {
    this.#options = options;
  }

  /** Resolves to whether a session may listen to a topic. */
  ask(cookie: SessionCookie, topic: Topic): Promise<Authorisation> {
    const { promise, resolve, reject } = Promise.withResolvers<Authorisation>();
    const { prefix } = topic;
    const source = this.#options.topics.get(prefix) ?? { collection: prefix, primaryKey: "id" };
    const key = `${cookie.hash()} ${source.collection} ${source.primaryKey}`;
    const question = { topic, resolve, reject };
    const group = this.#groups.get(key);
    if (group === undefined) {
      const first = { cookie, source, questions: [question] };
      this.#groups.set(key, first);
      queueMicrotask(() => this.#work(key, first));
    } else {
      group.questions.push(question);
    }
    return promise;
  }

  /** Asks all that wait, then what came meanwhile, until nothing did. */
  async #work(key: string, group: Group): Promise<void> {
    while (group.questions.length > 0) {
      const questions = group.questions;
      group.questions = [];
      const isDistrusted = this.#distrusted.delete(key);
      const lists = isDistrusted ? questions.map((question) => [question]) : chunk(questions);
      await Promise.all(lists.map((list) => this.#settle(key, group, list)));
    }
    this.#groups.delete(key);
  }

  async #settle(key: string, group: Group, questions: readonly Question[]): Promise<void> {
    const askItem = ({ topic }: Question) => this.#askItem(group, topic);
    try {
      const [first, ...more] = questions;
      if (first === undefined) return;
      if (more.length === 0) return first.resolve(await askItem(first));
      const answer = await this.#askList(key, group, questions);
      let granted = 0;
      for (const question of questions) {
        if (!(answer instanceof Set)) question.resolve(answer);
        else if (!answer.has(question.topic.id)) question.resolve(askItem(question));
        else {
          question.resolve({ kind: "allowed" });
          if (++granted > 1) this.#options.metrics.callAvoided("batched");
        }
      }
    } catch (error) {
      for (const question of questions) question.reject(error);
    }
  }

  async #askItem(group: Group, topic: Topic): Promise<Authorisation> {
    const { cookie, source: { collection, primaryKey } } = group;
    const path = `/items/${collection}/${encodeURIComponent(topic.id)}?fields=${primaryKey}` +
      nonceFor(primaryKey);
    const called = await this.#options.call(path, cookie);
    if (called.kind === "unavailable") return called;
    const answer = readItem(called.answer, topic.id, primaryKey);
    this.#time(answer.kind, called);
    return answer;
  }

  /** Resolves to the ids that are granted, or to the answer for all of them. */
  async #askList(
    key: string,
    group: Group,
    questions: readonly Question[],
  ): Promise<Set<string> | Unauthorized | Unavailable> {
    const { cookie, source: { collection, primaryKey } } = group;
    const ids = questions.map(({ topic }) => encodeURIComponent(topic.id)).join();
    const path = `/items/${collection}?fields=${primaryKey}&limit=-1` +
      `&filter[${primaryKey}][_in]=${ids}` + nonceFor(primaryKey);
    const called = await this.#options.call(path, cookie);
    if (called.kind === "unavailable") return called;
    const answer = readList(called.answer, primaryKey);
    this.#time(answer instanceof Set ? "allowed" : answer.kind, called);
    if ("kind" in answer && answer.kind === "unavailable" && !isLimited(called)) {
      this.#distrust(key);
    }
    return answer;
  }

  #distrust(key: string): void {
    this.#distrusted.add(key);
    const [oldest = key] = this.#distrusted;
    if (this.#distrusted.size > MAX_DISTRUSTED) this.#distrusted.delete(oldest);
  }

  #time(kind: Authorisation["kind"], { elapsedMs }: Called): void {
    this.#options.metrics.authorised(RESULT[kind], elapsedMs);
  }
}

const RESULT = {
  allowed: "ok",
  forbidden: "forbidden",
  unauthorized: "unauthorized",
  unavailable: "error",
} as const;

/**
 * Returns what makes the query another each time: with CACHE_ENABLED Directus would answer for
 * minutes as it did before, and grant what it hides by now. An alias that no field asks for changes
 * nothing else.
 */
function nonceFor(primaryKey: string): string {
  return `&alias[n${crypto.randomUUID().slice(0, 8)}]=${primaryKey}`;
}

function isLimited({ answer }: Called): boolean {
  return answer.kind === "failed" && answer.cause === "limited";
}

/** Cuts questions into lists within their bounds; what no list can hold stands alone. */
function chunk(questions: readonly Question[]): Question[][] {
  const lists: Question[][] = [];
  let list: Question[] = [];
  let bytes = 0;
  for (const question of questions) {
    const { id } = question.topic;
    if (id.includes(",")) { // where Directus would take it apart
      lists.push([question]);
      continue;
    }
    const more = encodeURIComponent(id).length + 1;
    if (list.length === 0 || list.length >= MAX_IDS || bytes + more > MAX_IDS_BYTES) {
      list = [];
      bytes = 0;
      lists.push(list);
    }
    list.push(question);
    bytes += more;
  }
  return lists;
}
