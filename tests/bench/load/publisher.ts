/**
 * The publisher: POST requests over one connection, pipelined, which keeps their order.
 *
 * @module
 */

import { close, connect, type Poller, receive, send } from "./libc.ts";
import type { Publishing } from "./orders.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Publishes, and counts the answers. */
export class Publisher implements Disposable {
  /** Answers so far. */
  answered = 0;
  readonly #publishing: Publishing;
  readonly #fd: number;
  readonly #buffer = new Uint8Array(65_536);
  #rest = "";

  /** Connects. */
  constructor(publishing: Publishing, poller: Poller, number: number) {
    this.#publishing = publishing;
    this.#fd = connect(publishing.port);
    poller.add(this.#fd, number);
  }

  /** Publishes messages in one call. */
  publish(data: readonly string[], topic = 0): void {
    const { path, headers = "" } = this.#publishing;
    const items = data.map((text) =>
      this.#publishing.body.replace("#", `${topic}`).replace("@", () => text)
    );
    const body = items.length === 1 ? `${items[0]}` : `[${items}]`;
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
    send(
      this.#fd,
      encoder.encode(`${head}${headers}Content-Length: ${body.length}\r\n\r\n${body}`),
    );
  }

  /** Reads answers. @throws {Error} If a call failed. */
  read(): void {
    const length = receive(this.#fd, this.#buffer);
    if (length === 0) throw new Error("The server closed the publisher's connection");
    if (length < 0) return;
    const text = this.#rest + decoder.decode(this.#buffer.subarray(0, length));
    const found = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)];
    for (const [, status] of found) {
      if (!status?.startsWith("2")) throw new Error(`Publishing was answered with ${status}`);
    }
    this.answered += found.length;
    this.#rest = text.slice(-11).replace(/HTTP\/1\.1 \d{3}/, "");
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
