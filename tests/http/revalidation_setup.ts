/**
 * A live server on a stand-in for Directus, which checks its sessions again many times a second.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import { CachingAuthority } from "../../live/directus/caching_authority.ts";
import { createLocalRevoke, createRevoke, type Revoke } from "../../live/session/revoke.ts";
import { BASE, options } from "../support/directus.ts";
import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import { Client, type Message } from "../support/client.ts";
import { Live } from "../support/live.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";

/** How often sessions are checked again, in milliseconds: short, as tests wait for it. */
const INTERVAL_MS = 20;

/** A live server and its Directus. A topic's prefix is the name of its collection. */
export class RevalidationBench implements AsyncDisposable {
  /** The time at Directus, in milliseconds since the epoch. */
  directusNow = Date.now();
  /** The stand-in. */
  readonly directus: DirectusStandIn = createDirectusStandIn({
    ...options,
    now: () => this.directusNow,
  });
  /** The cache in front of it. */
  readonly cache: CachingAuthority;
  /** The server. */
  readonly live: Live;
  /** Closes connections and ends subscriptions at once. */
  readonly revoke: Revoke;
  /** The log of the authority. */
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
    this.revoke = createRevoke({
      local: createLocalRevoke({ revalidator }),
      forget: (revocation) => this.cache.forget(revocation),
    });
  }

  /** Starts a server. With an interval of 0 it does not revalidate sessions. */
  static async start(revalidateMs = INTERVAL_MS): Promise<RevalidationBench> {
    const bench = new RevalidationBench(revalidateMs);
    await bench.live.start();
    return bench;
  }

  /** Connects with a cookie and subscribes; resolves to the client and its `subscribed` messages. */
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

  /** Resolves once this many more sessions were checked again. */
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
