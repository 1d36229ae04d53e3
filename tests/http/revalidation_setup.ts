/**
 * A live server on a stand-in for Directus, which asks about its sessions many times a second.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import { CachingAuthority } from "../../live/directus/caching_authority.ts";
import { createRevoke, type Revoke } from "../../live/session/revoke.ts";
import { BASE, options } from "../support/directus.ts";
import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import { Client, type Message } from "../support/client.ts";
import { Live } from "../support/live.ts";
import { RecordingLogger, RecordingMetrics } from "../support/recorders.ts";

/** How often sessions are asked about, in milliseconds: tests wait for it to happen. */
const INTERVAL_MS = 20;

/** The topics of the stand-in's collections are under their names. */
export class RevalidationBench implements AsyncDisposable {
  /** The time at Directus, in milliseconds since the epoch. */
  directusNow = Date.now();
  /** The stand-in. */
  readonly directus: DirectusStandIn = createDirectusStandIn({
    ...options,
    now: () => this.directusNow,
  });
  /** What stands before it. */
  readonly cache: CachingAuthority;
  /** The server. */
  readonly live: Live;
  /** Takes away at once. */
  readonly revoke: Revoke;
  /** What was logged about Directus. */
  readonly logger = new RecordingLogger();

  private constructor(revalidateMs: number) {
    const metrics = new RecordingMetrics();
    const authority = createDirectusAuthority({
      baseUrl: BASE,
      timeoutMs: 60_000,
      topics: new Map(),
      metrics,
      logger: this.logger,
      fetch: this.directus.fetch,
    });
    this.cache = new CachingAuthority(authority, { ttlMs: 3_600_000, metrics });
    this.live = new Live({ authority: this.cache, revalidateMs });
    const { revalidator } = this.live;
    this.revoke = createRevoke({ revalidator, forget: (user) => this.cache.forget(user) });
  }

  /** Starts a server; with an interval of 0 it asks about nobody by itself. */
  static async start(revalidateMs = INTERVAL_MS): Promise<RevalidationBench> {
    const bench = new RevalidationBench(revalidateMs);
    await bench.live.start();
    return bench;
  }

  /** Connects with a cookie, subscribes, and resolves to the client and the starts. */
  async connect(cookie: string, ...topics: string[]): Promise<[Client, ...Message[]]> {
    const client = await Client.connect(this.live.ws, { cookie });
    assertEquals((await client.next()).type, "welcome");
    const starts: Message[] = [];
    for (const topic of topics) {
      const start = await client.subscribe(topic);
      assertEquals(start.type, "subscribed");
      starts.push(start);
    }
    return [client, ...starts];
  }

  /** Resolves once so many sessions have been asked about from now on. */
  async rounds(count: number): Promise<void> {
    const { metrics } = this.live;
    const until = metrics.revalidations.length + count;
    await metrics.until(({ revalidations }) => revalidations.length >= until);
  }

  /** Stops the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.live[Symbol.asyncDispose]();
  }
}
