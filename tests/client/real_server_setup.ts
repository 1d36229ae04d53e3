/**
 * The client against the real server, with a network in between that a test can cut.
 *
 * @module
 */

import { LiveClient } from "../../live/client/live_client.ts";
import type { ConnectOptions, LiveState } from "../../live/client/mod.ts";
import { cookieOf } from "../support/authorities.ts";
import { Queue } from "../support/queue.ts";

/** A client of the real server that reconnects without delay, as the user `ada`. */
export class RealClient implements AsyncDisposable {
  /** The states it was in. */
  readonly states = new Queue<LiveState>();
  /** The client. */
  readonly live: LiveClient;
  readonly #closed: Promise<void>[] = [];

  /** Starts to connect. */
  constructor(url: string, options: ConnectOptions = {}) {
    const headers = { cookie: cookieOf("ada") };
    this.live = new LiveClient(url, {
      webSocket: (url) => {
        const socket = new WebSocket(url, { headers });
        this.#closed.push(
          new Promise((resolve) => socket.addEventListener("close", () => resolve())),
        );
        return socket;
      },
      onState: (state) => this.states.push(state),
      ...options,
    }, { page: globalThis, random: () => 0 });
  }

  /** Resolves once it is in a phase. */
  async until(phase: LiveState["phase"]): Promise<LiveState> {
    let state = await this.states.next();
    while (state.phase !== phase) state = await this.states.next();
    return state;
  }

  /** Closes, and waits for all its sockets. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.live.close();
    await Promise.all(this.#closed);
  }
}

/** Forwards TCP connections to a port. */
export class Relay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #pipes: Promise<void>[] = [];
  #cutting = new AbortController();
  #dropping = new AbortController();
  readonly #accepting: Promise<void>;

  /** Starts to forward. */
  constructor(port: number) {
    this.#accepting = this.#accept(port);
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Breaks all connections without a close frame. */
  cut(): void {
    this.#cutting.abort();
    this.#cutting = new AbortController();
  }

  /** Drops everything that the connections carry from now on. TCP stays open. */
  drop(): void {
    this.#dropping.abort();
    this.#dropping = new AbortController();
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    this.cut();
    await Promise.all(this.#pipes);
  }

  async #accept(port: number): Promise<void> {
    try {
      for await (const client of this.#listener) {
        const server = await Deno.connect({ hostname: "127.0.0.1", port });
        this.#pipe(client, server);
        this.#pipe(server, client);
      }
    } catch {
      // Stopped.
    }
  }

  #pipe(from: Deno.TcpConn, to: Deno.TcpConn): void {
    const { signal } = this.#cutting;
    const dropping = this.#dropping.signal;
    const network = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        if (!dropping.aborted) controller.enqueue(chunk);
      },
    });
    const done = from.readable.pipeThrough(network, { signal }).pipeTo(to.writable).catch(() => {});
    this.#pipes.push(done);
  }
}
