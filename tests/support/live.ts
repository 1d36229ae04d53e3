/**
 * A live server that is really listening.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
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
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import { Revalidator } from "../../live/session/revalidator.ts";
import { createSessions, type SessionFactory } from "../../live/session/session.ts";
import { cookieOf, fakeAuthority } from "./authorities.ts";
import { Client } from "./client.ts";
import { type Head, RawClient } from "./raw_client.ts";
import { RecordingLogger, RecordingMetrics } from "./recorders.ts";

/** What a test's server is made of. */
export interface StartLiveOptions {
  /**
   * What carries its connections.
   *
   * @default {"deno"}
   */
  readonly transport?: TransportName;
  /**
   * Options of the listener, which is on 127.0.0.1 and a free port.
   *
   * @default {{}}
   */
  readonly options?: LiveServerOptions;
  /**
   * Who says who a session is; `null` for none.
   *
   * @default {fakeAuthority()}
   */
  readonly authority?: Authority | null;
  /**
   * What handles messages.
   *
   * @default {createSessions()}
   */
  readonly sessions?: SessionFactory;
  /**
   * Topics that one connection may have.
   *
   * @default {128}
   */
  readonly maxTopics?: number;
  /**
   * How often sessions are asked about again, in milliseconds; 0 is never.
   *
   * @default {0}
   */
  readonly revalidateMs?: number;
}

/** How long a drain may take that a test which failed has left to do, in milliseconds. */
const CLEANUP_MS = 2_000;

/** A server that is listening, its clients, and all that can be seen of it. */
export class Live implements AsyncDisposable {
  /** What it counted. */
  readonly metrics = new RecordingMetrics();
  /** What it logged. */
  readonly logger = new RecordingLogger();
  /** The connections it opened, in their order. */
  readonly connections: Connection[] = [];
  /** Its hub, on a broker in memory. */
  readonly hub: Hub;
  /** Knows its sessions. */
  readonly revalidator: Revalidator;
  /** What carries its connections. */
  readonly transport: TransportName;
  /** The server itself. */
  readonly server: LiveServer;
  #port = 0;
  #passedMs = 0;

  /** Puts a server together; it does not listen yet. */
  constructor(
    { transport = "deno", options = {}, authority, sessions, maxTopics = 128, revalidateMs = 0 }:
      StartLiveOptions = {},
  ) {
    const { metrics, logger } = this;
    this.transport = transport;
    const asked = authority === null ? undefined : authority ?? fakeAuthority();
    const thresholdBytes = options.backpressureThresholdBytes ?? 1_048_576;
    const broker = new MemoryBroker({
      historySize: 256,
      historyTtlMs: 300_000,
      historyMaxBytes: 268_435_456,
      metrics,
    });
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
      revalidator: this.revalidator,
    });
    this.server = createLiveServer({
      options: { transport, host: "127.0.0.1", port: 0, ...options },
      authority: asked,
      instanceId: "test",
      metrics,
      logger,
      now,
      sessions: (connection) => {
        this.connections.push(connection);
        return create(connection);
      },
    });
  }

  /** Where it listens. */
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

  /** Connects a user and resolves once `welcome` was taken. */
  async connect(user = "ada"): Promise<Client> {
    const client = await Client.connect(`${this.ws}/`, { cookie: cookieOf(user) });
    assertEquals((await client.next()).type, "welcome");
    return client;
  }

  /**
   * Connects a user over TCP and resolves once `welcome` was read. Such a client answers no ping
   * and no close, and reads only when told to.
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

  /** Asks for an upgrade, resolves to the answer's head, and leaves. */
  async knock(path: string, headers: Record<string, string | undefined> = {}): Promise<Head> {
    using client = await RawClient.connect(this.port);
    return await client.upgrade(path, headers);
  }

  /** Lets so many milliseconds pass for the hub, which looks at how long a reader was stuck. */
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
    return result;
  }

  /** Stops, and asserts that nothing is left: no connection, socket, request, subscription. */
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
    });
  }
}

/** Starts a server. */
export async function startLive(options: StartLiveOptions = {}): Promise<Live> {
  const live = new Live(options);
  await live.start();
  return live;
}
