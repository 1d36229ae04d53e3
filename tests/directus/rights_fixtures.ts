/**
 * What the tests of rights of many topics share.
 *
 * @module
 */

import { createDirectusAuthority } from "../../live/directus/authority.ts";
import type { Authority } from "../../live/domain/authority.ts";
import type { SessionCookie } from "../../live/domain/session_cookie.ts";
import { RecordingMetrics } from "../support/recorders.ts";
import { cookieOf, topicOf } from "./authority_fixtures.ts";
import { BASE, options } from "./fixtures.ts";
import type { DirectusStandInOptions } from "./options.ts";
import { createDirectusStandIn, type DirectusStandIn } from "./stand_in.ts";

/** The route of lists. */
export const LIST = "GET /items/:collection";
/** The route of single items. */
export const ITEM = "GET /items/:collection/:id";

/** An authority on a stand-in, and a session of Ada's. */
export class RightsSetup {
  /** The stand-in. */
  readonly directus: DirectusStandIn;
  /** The time by which calls are held back, in milliseconds. */
  now = 0;
  /** What was counted. */
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  /** The authority, which maps `place`. */
  readonly authority: Authority;
  /** The session as a `Cookie` header. */
  readonly pair: string;
  /** The session. */
  readonly cookie: SessionCookie;

  /** Creates them; other options of the stand-in, and what calls it, may be given. */
  constructor(more?: Partial<DirectusStandInOptions>, fetch?: typeof globalThis.fetch) {
    this.directus = createDirectusStandIn({ ...options, ...more });
    this.authority = createDirectusAuthority({
      baseUrl: BASE,
      timeoutMs: 60_000,
      topics: new Map([["place", { collection: "places", primaryKey: "slug" }]]),
      metrics: this.metrics,
      now: () => this.now,
      fetch: fetch ?? this.directus.fetch,
    });
    this.pair = this.directus.session("ada-id");
    this.cookie = cookieOf(this.pair);
  }

  /** Asks for all topics at once and resolves to the kinds of the answers. */
  async ask(topics: readonly string[], cookie = this.cookie): Promise<string[]> {
    const answers = topics.map((topic) => this.authority.authorise(cookie, topicOf(topic)));
    return (await Promise.all(answers)).map(({ kind }) => kind);
  }

  /** How many lists and single items Directus was asked for. */
  get calls(): [lists: number, items: number] {
    return [this.directus.count(LIST), this.directus.count(ITEM)];
  }
}

/** Topics of the items 1 to n of the collection `many`. */
export function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `many:${index + 1}`);
}

/** The same for all topics. */
export function all(kind: string, count: number): string[] {
  return Array<string>(count).fill(kind);
}
