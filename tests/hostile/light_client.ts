/**
 * A client that costs very little, so that a test can have many of them.
 *
 * @module
 */

import { encodeFrame, textFrame } from "../support/frames.ts";
import { UPGRADE_HEADERS } from "../support/raw_client.ts";

/** Size of one read, in bytes. */
const CHUNK_BYTES = 4_096;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns the bytes of a good upgrade request. */
export function upgradeRequest(cookie: string): Uint8Array {
  const lines = Object.entries({ ...UPGRADE_HEADERS, cookie })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return encoder.encode(`GET / HTTP/1.1\r\n${lines.join("")}\r\n`);
}

/** Returns the bytes of a text frame. */
export function jsonFrame(message: unknown): Uint8Array<ArrayBuffer> {
  return encodeFrame(textFrame(JSON.stringify(message)));
}

/** Returns several frames as one write. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A TCP connection that searches the text that it reads, without decoding frames. */
export class LightClient implements Disposable {
  readonly #conn: Deno.TcpConn;
  #text = "";

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects to a port of this machine. */
  static async connect(port: number): Promise<LightClient> {
    return new LightClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Connects, upgrades, and subscribes to a topic. */
  static async subscribe(port: number, request: Uint8Array, topic: string): Promise<LightClient> {
    const client = await LightClient.connect(port);
    try {
      await client.write(request);
      await client.read('"welcome"');
      await client.write(jsonFrame({ type: "subscribe", topic }));
      await client.read('"subscribed"');
      return client;
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  /** Writes a few bytes, which the kernel takes at once. */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#conn.write(bytes);
  }

  /** Reads until a text has arrived. */
  async read(text: string): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    while (!this.#text.includes(text)) {
      const count = await this.#conn.read(chunk);
      if (count === null) throw new Error(`Connection ended before ${text}: ${this.#text}`);
      this.#text += decoder.decode(chunk.subarray(0, count));
    }
    this.#text = "";
  }

  /** Reads into a buffer; resolves to the number of bytes, or to `null` at the end. */
  readInto(bytes: Uint8Array): Promise<number | null> {
    return this.#conn.read(bytes);
  }

  /** Disconnects without a close frame. */
  [Symbol.dispose](): void {
    this.#conn.close();
  }
}
