/**
 * A TCP client, for exact handshakes, hand-made frames and misbehaving peers.
 *
 * @module
 */

import { decodeFrame, encodeFrame, type Frame } from "./frames.ts";

/** The head of an HTTP response. */
export interface Head {
  /** Its status. */
  readonly status: number;
  /** Its headers. */
  readonly headers: Headers;
}

/** Headers of a good upgrade request, without a cookie. */
export const UPGRADE_HEADERS: Readonly<Record<string, string>> = {
  "host": "live.example",
  "connection": "Upgrade",
  "upgrade": "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A TCP connection to a server. It reads only when the test reads. */
export class RawClient implements Disposable {
  readonly #conn: Deno.Conn;
  #unread: Uint8Array<ArrayBuffer> = new Uint8Array();
  #open = true;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects to a port of this machine. */
  static async connect(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Writes text or bytes. */
  async write(data: string | Uint8Array): Promise<void> {
    let bytes = typeof data === "string" ? encoder.encode(data) : data;
    while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
  }

  /** Writes the head of a request, without headers that are `undefined`. */
  async request(
    path: string,
    headers: Readonly<Record<string, string | undefined>>,
    method = "GET",
  ): Promise<void> {
    const lines = Object.entries(headers)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    await this.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  }

  /** Requests an upgrade; resolves to the head of the response. */
  async upgrade(
    path: string,
    headers: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Head> {
    await this.request(path, { ...UPGRADE_HEADERS, ...headers });
    return await this.head();
  }

  /** Reads the head of a response. */
  async head(): Promise<Head> {
    let text = "";
    while (!text.endsWith("\r\n\r\n")) text += decoder.decode(await this.bytes(1));
    const [start = "", ...lines] = text.trimEnd().split("\r\n");
    const headers = new Headers(lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as [string, string];
    }));
    return { status: Number(start.split(" ")[1]), headers };
  }

  /** Reads an exact number of bytes. */
  async bytes(count: number): Promise<Uint8Array> {
    while (this.#unread.length < count) {
      if (!await this.#read()) throw new Error("Connection ended too early");
    }
    const bytes = this.#unread.subarray(0, count);
    this.#unread = this.#unread.subarray(count);
    return bytes;
  }

  /** Writes a frame. */
  async sendFrame(frame: Frame): Promise<void> {
    await this.write(encodeFrame(frame));
  }

  /** Reads a frame; `undefined` if the connection ends first. */
  async frame(): Promise<Frame | undefined> {
    for (;;) {
      const decoded = decodeFrame(this.#unread);
      if (decoded !== undefined) {
        this.#unread = this.#unread.subarray(decoded.length);
        return decoded.frame;
      }
      if (!await this.#read()) return undefined;
    }
  }

  /** Reads a frame and parses its payload as JSON. */
  // deno-lint-ignore no-explicit-any -- a test asserts its whole shape
  async message(): Promise<any> {
    const frame = await this.frame();
    return frame && JSON.parse(decoder.decode(frame.payload));
  }

  /** Reads until the server closes or breaks the connection. */
  async ended(): Promise<void> {
    while (await this.#read()) this.#unread = new Uint8Array();
  }

  /** Disconnects without a closing handshake. */
  close(): void {
    if (this.#open) this.#conn.close();
    this.#open = false;
  }

  /** Disconnects, unless that has happened. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #read(): Promise<boolean> {
    const chunk = new Uint8Array(65_536);
    const count = await this.#conn.read(chunk).catch((error) => {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    if (count === null) return false;
    const grown = new Uint8Array(this.#unread.length + count);
    grown.set(this.#unread);
    grown.set(chunk.subarray(0, count), this.#unread.length);
    this.#unread = grown;
    return true;
  }
}
