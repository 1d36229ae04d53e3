/**
 * A client that costs its side next to nothing, to come and go in masses.
 *
 * @module
 */

import { encodeFrame, textFrame } from "../support/frames.ts";
import { UPGRADE_HEADERS } from "../support/raw_client.ts";

/** What one read takes at most, in bytes. */
const CHUNK_BYTES = 4_096;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns a good upgrade request's bytes. */
export function upgradeRequest(cookie: string): Uint8Array {
  const lines = Object.entries({ ...UPGRADE_HEADERS, cookie })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return encoder.encode(`GET / HTTP/1.1\r\n${lines.join("")}\r\n`);
}

/** Returns the bytes of a frame that subscribes. */
export function subscribeFrame(topic: string): Uint8Array {
  return encodeFrame(textFrame(JSON.stringify({ type: "subscribe", topic })));
}

/** A connection that looks for words in what it reads, and takes nothing apart. */
export class Visitor implements Disposable {
  readonly #conn: Deno.TcpConn;
  #text = "";

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects to a port of this machine. */
  static async connect(port: number): Promise<Visitor> {
    return new Visitor(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Writes so few bytes that the kernel takes them. */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#conn.write(bytes);
  }

  /** Reads on until some words have come. */
  async see(words: string): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    while (!this.#text.includes(words)) {
      const count = await this.#conn.read(chunk);
      if (count === null) throw new Error(`Cannot see ${words} in: ${this.#text}`);
      this.#text += decoder.decode(chunk.subarray(0, count));
    }
    this.#text = "";
  }

  /** Reads into some bytes; returns how many, or `null` at the end. */
  read(bytes: Uint8Array): Promise<number | null> {
    return this.#conn.read(bytes);
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    this.#conn.close();
  }
}
