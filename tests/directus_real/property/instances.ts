/**
 * Connections of the property's clients to a server.
 *
 * @module
 */

import type { Dial, Link } from "../../views/reader_setup.ts";
import type { Served } from "../server_setup.ts";

/** An instance of the server. */
export type Instance = Pick<Served, "url" | "ops">;

/** Returns what connects clients to an instance. */
export function dial({ url }: Instance): Dial {
  return (cookie, receive, ended) => {
    const socket = new WebSocket(url, { headers: { cookie } });
    const { promise, resolve } = Promise.withResolvers<Link | undefined>();
    socket.onopen = () => resolve(new SocketLink(socket));
    socket.onmessage = ({ data }) => receive(data);
    socket.onerror = () => {}; // the close event follows
    socket.onclose = () => {
      ended();
      resolve(undefined);
    };
    return promise;
  };
}

class SocketLink implements Link {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(text: string): void {
    if (this.isOpen) this.#socket.send(text);
  }

  end(): void {
    if (this.#socket.readyState < WebSocket.CLOSING) this.#socket.close();
  }
}
