/**
 * Instances of the server without a network.
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
import type { Dial, Link } from "./reader_setup.ts";
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

  /** Connects a client. */
  readonly dial: Dial = async (cookie, receive) => {
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
    const socket = new FakeSocket();
    socket.onSend = receive;
    return new FakeLink(
      socket,
      (answer as { open(socket: FakeSocket): SocketEvents }).open(socket),
    );
  };
}

/** A connection over a fake socket. */
export class FakeLink implements Link {
  readonly #socket: FakeSocket;
  readonly #events: SocketEvents;

  /** Creates a link whose socket is open. */
  constructor(socket: FakeSocket, events: SocketEvents) {
    this.#socket = socket;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === 1;
  }

  /** Sets how many bytes are unsent. */
  set unsent(bytes: number) {
    this.#socket.bufferedAmount = bytes;
  }

  send(text: string): void {
    this.#events.message?.(text);
  }

  end(): void {
    this.#socket.readyState = 3;
    this.#events.closed(1006, "");
  }
}
