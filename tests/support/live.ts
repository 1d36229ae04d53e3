/**
 * A live server that listens on a real port.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DEFAULTS } from "../../live/config/defaults.ts";
import type { Connection } from "../../live/connection/connection.ts";
import type { Authority } from "../../live/domain/authority.ts";
import { Publication, type PublicationInput } from "../../live/domain/publication.ts";
import type { LiveServerOptions } from "../../live/http/live_options.ts";
import {
  createLiveServer,
  type DrainResult,
  type LiveServer,
} from "../../live/http/live_server.ts";
import type { TransportName } from "../../live/transport/transport.ts";
import { Hub } from "../../live/hub/hub.ts";
import { RefusalLog } from "../../live/domain/refusal_log.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import { Revalidator } from "../../live/session/revalidator.ts";
import { createSessions, type SessionFactory } from "../../live/session/session.ts";
import { cookieOf, fakeAuthority } from "./authorities.ts";
import { Client } from "./client.ts";
import { type Head, RawClient } from "./raw_client.ts";
import { RecordingLogger } from "./recording_logger.ts";
import { RecordingMetrics } from "./recording_metrics.ts";

/** Options of a test's server. */
export interface StartLiveOptions {
  /** Carries its connections. @default {"deno"} */
  readonly transport?: TransportName;
  /** Options of the server, which listens on 127.0.0.1 and a free port. @default {{}} */
  readonly options?: LiveServerOptions;
  /** Identifies users; `null` for none. @default {fakeAuthority()} */
  readonly authority?: Authority | null;
  /** Creates the sessions. @default {createSessions()} */
  readonly sessions?: SessionFactory;
  /** Topics per connection. @default {128} */
  readonly maxTopics?: number;
  /** How often sessions are checked again, in milliseconds; 0 is never. @default {0} */
  readonly revalidateMs?: number;
}

/** How long the drain at the end of a test may take, in milliseconds, if the test failed. */
const CLEANUP_MS = 2_000;

/** A server and its metrics, log, connections and hub. */
export class Live implements AsyncDisposable {
  /** Its metrics. */
  readonly metrics = new RecordingMetrics();
  /** Its log. */
  readonly logger = new RecordingLogger();
  /** Its log of refusals. */
  readonly refusals = new RefusalLog({ logger: this.logger, metrics: this.metrics });
  /** The connections it opened, in order. */
  readonly connections: Connection[] = [];
  /** Its hub, on a broker in memory. */
  readonly hub: Hub;
  /** Checks its sessions again. */
  readonly revalidator: Revalidator;
  /** Carries its connections. */
  readonly transport: TransportName;
  /** The server. */
  readonly server: LiveServer;
  #port = 0;
  #passedMs = 0;

  /** Creates a server; it does not listen yet. */
  constructor(
    { transport = "deno", options = {}, authority, sessions, maxTopics = 128, revalidateMs = 0 }:
      StartLiveOptions = {},
  ) {
    const { metrics, logger } = this;
    this.transport = transport;
    const asked = authority === null ? undefined : authority ?? fakeAuthority();
    const thresholdBytes = options.backpressureThresholdBytes ??
      DEFAULTS.backpressureThresholdBytes;
    const broker = new MemoryBroker({ ...DEFAULTS, metrics });
    const now = () => performance.now() + this.#passedMs;
    this.hub = new Hub({ broker, metrics, thresholdBytes, now });
    this.revalidator = new Revalidator({
      authority: asked ?? fakeAuthority(),
      intervalMs: revalidateMs,
      metrics,
      logger,
    });
    const create = sessions ?? createSessions({
      hub: this.hub,
      authority: asked,
      maxTopics,
      refusals: this.refusals,
      topics: new Map([["event", { collection: "events", primaryKey: "id" }]]),
      revalidator: this.revalidator,
    });
    this.server = createLiveServer({
      options: { transport, host: "127.0.0.1", port: 0, ...options },
      authority: asked,
      backlogOf: (connection) => this.hub.backlogOf(connection),
      instanceId: "test",
      metrics,
      logger,
      now,
      refusals: this.refusals,
      sessions: (connection) => {
        this.connections.push(connection);
        return create(connection);
      },
    });
  }

  /** The port it listens on. */
  get port(): number {
    return this.#port;
  }

  /** Its address, for fetch. */
  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Its address, for WebSockets. */
  get ws(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Starts to listen. */
  async start(): Promise<void> {
    this.#port = (await this.server.start()).port;
  }

  /** Connects a user; resolves once `welcome` has arrived. */
  async connect(user = "ada"): Promise<Client> {
    const client = await Client.connect(`${this.ws}/`, { cookie: cookieOf(user) });
    assertEquals((await client.next()).type, "welcome");
    return client;
  }

  /**
   * Connects a user over TCP; resolves once `welcome` was read. Such a client answers neither pings
   * nor close frames, and reads only when the test reads.
   */
  async connectRaw(user = "ada"): Promise<RawClient> {
    const client = await RawClient.connect(this.port);
    try {
      assertEquals((await client.upgrade("/", { cookie: cookieOf(user) })).status, 101);
      assertEquals((await client.message()).type, "welcome");
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Requests an upgrade, disconnects, and resolves to the head of the response. */
  async knock(path: string, headers: Record<string, string | undefined> = {}): Promise<Head> {
    using client = await RawClient.connect(this.port);
    return await client.upgrade(path, headers);
  }

  /** Moves on the clock with which the server measures how long a client has been slow. */
  passTime(ms: number): void {
    this.#passedMs += ms;
  }

  /** Publishes values to a topic, each as an event without a key. */
  async publish(topic: string, ...values: unknown[]): Promise<void> {
    await this.publishAll(...values.map((data) => ({ topic, data })));
  }

  /** Publishes in one call. */
  async publishAll(...publications: readonly PublicationInput[]): Promise<void> {
    await this.hub.publish(publications.map((publication) => Publication.from(publication)));
  }

  /** Stops the server and the hub. */
  async stop(timeoutMs?: number): Promise<DrainResult> {
    const result = await this.server.stop(timeoutMs);
    await this.hub.stop();
    this.refusals.stop();
    return result;
  }

  /** Stops, and asserts that no connection, socket, request or subscription is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(CLEANUP_MS);
    await this.metrics.until(({ gauges }) => gauges.closingSockets === 0);
    const { historyBytes: _, ...left } = this.metrics.gauges;
    assertEquals(left, {
      connections: 0,
      closingSockets: 0,
      pendingUpgrades: 0,
      subscriptions: 0,
      topics: 0,
      views: 0,
    });
  }
}

/** Starts a server. */
export async function startLive(options: StartLiveOptions = {}): Promise<Live> {
  const live = new Live(options);
  await live.start();
  return live;
}
