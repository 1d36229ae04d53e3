/**
 * The authority and cache of the server over stand-ins for Directus that fail.
 *
 * @module
 */

import { createDirectusAuthority } from "../../live/directus/authority.ts";
import { CachingAuthority } from "../../live/directus/caching_authority.ts";
import type { Authority } from "../../live/domain/authority.ts";
import { BASE, options } from "../support/directus.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import { cookieOf } from "./setup.ts";
import { createDirectusStandIn, type DirectusStandIn } from "./stand_in.ts";

/** The authority and cache of `main.ts`, on a clock that stands still; without jitter. */
export class CachedDirectus {
  now = 0;
  readonly metrics = new RecordingMetrics();
  readonly logger = new RecordingLogger();
  readonly authority: Authority;

  constructor(baseUrl: string, timeoutMs = 60_000, fetch = globalThis.fetch) {
    const { metrics, logger } = this;
    const now = () => this.now;
    const directus = createDirectusAuthority({
      baseUrl,
      timeoutMs,
      topics: new Map(),
      metrics,
      logger,
      fetch,
      now,
      random: () => 0,
    });
    this.authority = new CachingAuthority(directus, { ttlMs: 5_000, metrics, now });
  }
}

/** A Directus that fails some questions, by their URL and cookie, and questions for it. */
export class FailingDirectus {
  readonly directus: DirectusStandIn = createDirectusStandIn(options);
  readonly cached: CachedDirectus;
  /** Calls so far. */
  calls = 0;

  constructor(isBroken: (question: string) => boolean) {
    this.cached = new CachedDirectus(BASE, 60_000, async (input, init) => {
      this.calls++;
      const question = `${input} ${new Headers(init?.headers).get("cookie")}`;
      this.directus.fail(isBroken(question) ? "broken" : undefined);
      return await this.directus.fetch(input, init);
    });
  }

  /** Asks whose a cookie is, by default that of a new session; resolves to the kind of the answer. */
  async authenticate(cookie = this.directus.session("ada-id"), fresh = false): Promise<string> {
    return (await this.cached.authority.authenticate(cookieOf(cookie), { fresh })).kind;
  }
}
