/**
 * Instances of the server without a network, and clients that do as the protocol says.
 *
 * @module
 */

import { assert } from "@std/assert";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import { CachingAuthority } from "../../live/directus/caching_authority.ts";
import { createDirectusClient } from "../../live/directus/directus_client.ts";
import { DirectusViewSource } from "../../live/directus/view_source.ts";
import { BearerToken } from "../../live/domain/credential.ts";
import { silentLogger } from "../../live/domain/logger.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { createLive, type Live } from "../../live/live.ts";
import type { Incoming, SocketEvents, Transport } from "../../live/transport/transport.ts";
import { BASE } from "../support/directus.ts";
import { FakeSocket } from "../support/fake_client.ts";
import { TOKEN, type World } from "./world_setup.ts";

/** How often views are read and sessions are checked without a report, in milliseconds. */
export const REFRESH_MS = 5_000;
export const REVALIDATE_MS = 10_000;

/** An instance of the server whose transport is a function call. */
export class Instance {
  readonly live: Live;
  #handle: ((incoming: Incoming) => Promise<unknown> | unknown) | undefined;

  constructor({ directus }: World, hasToken: boolean) {
    const common = {
      baseUrl: BASE,
      timeoutMs: 5_000,
      maxConcurrency: 16,
      topics: new Map(),
      metrics: silentMetrics,
      logger: silentLogger,
      fetch: directus.fetch,
      now: () => Date.now(),
      random: Math.random,
    };
    const client = createDirectusClient(common);
    const transport: Transport = ({ handle }) => {
      this.#handle = handle;
      const addr = { transport: "tcp", hostname: "live", port: 0 } as const;
      const stop = () => Promise.resolve();
      return Promise.resolve({ addr, shutdown: stop, abort: stop });
    };
    this.live = createLive({
      authority: new CachingAuthority(createDirectusAuthority(common, client), {
        ttlMs: 1_000,
        metrics: silentMetrics,
        now: common.now,
      }),
      viewSource: new DirectusViewSource({
        ...common,
        client,
        token: hasToken ? new BearerToken(TOKEN) : undefined,
        isShared: true,
        ttlMs: 1_000,
      }),
      viewRefreshMs: REFRESH_MS,
      revalidateIntervalMs: REVALIDATE_MS,
      historySize: 20,
      transport,
    });
  }

  /** Opens a socket; resolves to `undefined` if the server does not admit it. */
  async open(cookie: string, socket: FakeSocket): Promise<SocketEvents | undefined> {
    assert(this.#handle, "the server is not started");
    const request = new Request("http://live/", {
      headers: {
        cookie,
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
      },
    });
    const answer = await this.#handle({
      request,
      remoteAddress: "client",
      completed: Promise.resolve(),
    });
    if (answer instanceof Response) return undefined;
    return (answer as { open(socket: FakeSocket): SocketEvents }).open(socket);
  }
}

/** A row as a client holds it. */
interface HeldRow {
  readonly rank: string;
  readonly json: string;
}

/** One view of a client. */
export class ClientView {
  readonly query: Record<string, unknown>;
  /** The rows that it holds. */
  readonly rows = new Map<string, HeldRow>();
  /** Keys that it has ever held. */
  readonly known = new Set<string>();
  state: "asking" | "open" | "refused" = "asking";
  topic: string | undefined;
  since: { epoch: string; offset: number } | undefined;

  constructor(query: Record<string, unknown>) {
    this.query = query;
  }

  /** The rows in the order of their ranks, as JSON. */
  get list(): unknown[] {
    return [...this.rows.values()].toSorted((a, b) => a.rank < b.rank ? -1 : 1)
      .map(({ json }) => JSON.parse(json));
  }
}

// deno-lint-ignore no-explicit-any -- a message from the server
type Message = any;

/** What a client reports. */
export interface ClientEvents {
  /** A row has reached it. */
  row(client: PropertyClient, view: ClientView, row: unknown): void;
  /** It received what it should not. */
  fault(client: PropertyClient, view: ClientView, what: string): void;
}

/** A client that subscribes to views. */
export class PropertyClient {
  readonly user: string;
  readonly cookie: string;
  readonly views: ClientView[];
  socket = new FakeSocket();
  #events: SocketEvents | undefined;
  readonly #report: ClientEvents;

  constructor(
    user: string,
    cookie: string,
    queries: readonly Record<string, unknown>[],
    report: ClientEvents,
  ) {
    this.user = user;
    this.cookie = cookie;
    this.views = queries.map((query) => new ClientView(query));
    this.#report = report;
  }

  /** Whether it is connected. */
  get isConnected(): boolean {
    return this.#events !== undefined && this.socket.readyState === 1;
  }

  /** Connects, and subscribes to each view from where it stopped. */
  async connect(instance: Instance): Promise<void> {
    const socket = new FakeSocket();
    this.socket = socket;
    socket.onSend = (frame) => {
      for (const message of [JSON.parse(frame)].flat()) this.#receive(message);
    };
    const events = await instance.open(this.cookie, socket);
    if (this.socket !== socket) return events?.closed(1006, "");
    this.#events = events;
    for (const view of this.views) this.subscribe(view);
  }

  /** Breaks the connection, or ends what the server has closed. */
  disconnect(): void {
    this.socket.readyState = 3;
    this.#events?.closed(1006, "");
    this.#events = undefined;
  }

  subscribe(view: ClientView): void {
    view.state = "asking";
    const { query, since } = view;
    const id = String(this.views.indexOf(view));
    const message = { type: "subscribe", view: { collection: "events", query }, id, since };
    this.#events?.message?.(JSON.stringify(message));
  }

  #receive(message: Message): void {
    const { type, id, topic } = message;
    const view = id === undefined
      ? this.views.find((view) => view.topic === topic)
      : this.views[Number(id)];
    if (view === undefined) return;
    if (type === "subscribed") this.#begin(view, message);
    else if (type === "message") this.#apply(view, message);
    else if (type === "unsubscribed") {
      view.topic = undefined;
      view.rows.clear();
      view.since = undefined; // it begins anew, with a snapshot
      if (message.reason === "changed") queueMicrotask(() => this.subscribe(view));
      else view.state = "refused";
    } else if (type === "error") {
      if (message.code === "unavailable") {
        setTimeout(() => this.subscribe(view), message.retryAfterMs);
      } else {
        view.state = "refused";
        view.topic = undefined;
        view.rows.clear();
        view.since = undefined;
      }
    }
  }

  #begin(view: ClientView, { topic, epoch, offset, recovered, messages }: Message): void {
    if (!recovered) view.rows.clear();
    view.state = "open";
    view.topic = topic;
    view.since = { epoch, offset };
    for (const message of messages) this.#apply(view, message);
  }

  #apply(view: ClientView, { offset, key, rank, data, removed }: Message): void {
    if (view.since) view.since = { ...view.since, offset };
    if (removed) {
      if (!view.known.has(key)) this.#report.fault(this, view, `removal of ${key}`);
      view.rows.delete(key);
      return;
    }
    this.#report.row(this, view, data);
    view.known.add(key);
    view.rows.set(key, { rank, json: JSON.stringify(data) });
  }
}
