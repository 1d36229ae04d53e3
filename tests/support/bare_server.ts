/**
 * A minimal WebSocket server on Deno.serve.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Queue } from "./queue.ts";
import { RawClient } from "./raw_client.ts";

/** Upgrades every request, and records the events of its sockets. */
export class Bare implements AsyncDisposable {
  /** Events of all sockets, in order, such as `close 1001`. */
  readonly events: string[] = [];
  /** Sockets that have opened. */
  readonly opened = new Queue<WebSocket>();
  /** Codes of sockets that have closed. */
  readonly closed = new Queue<number>();
  /** Aborts the server. */
  readonly controller = new AbortController();
  /** The server itself. */
  readonly server: Deno.HttpServer<Deno.NetAddr>;

  /**
   * Starts a server.
   *
   * @param handle Answers requests in place of the upgrade.
   * @param idleTimeout Idle timeout of its sockets, in seconds.
   */
  constructor(handle?: (request: Request) => Promise<Response> | Response, idleTimeout = 0) {
    const upgrade = (request: Request) => this.#upgrade(request, idleTimeout);
    this.server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: this.controller.signal, onListen() {} },
      handle ?? upgrade,
    );
  }

  /** The port it listens on. */
  get port(): number {
    return this.server.addr.port;
  }

  /** Connects a TCP client; resolves to both ends. */
  async connect(): Promise<[peer: RawClient, socket: WebSocket]> {
    const peer = await RawClient.connect(this.port);
    assertEquals((await peer.upgrade("/")).status, 101);
    return [peer, await this.opened.next()];
  }

  /** Stops once no socket is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.shutdown();
  }

  #upgrade(request: Request, idleTimeout: number): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout });
    socket.onopen = () => this.opened.push(socket);
    socket.onmessage = ({ data }) => this.events.push(`message ${data}`);
    socket.onerror = () => this.events.push("error");
    socket.onclose = ({ code }) => {
      this.events.push(`close ${code}`);
      this.closed.push(code);
    };
    return response;
  }
}
