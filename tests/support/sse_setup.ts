/**
 * A stream of events in the place of a WebSocket, and its reader.
 *
 * @module
 */

import { StreamPosition } from "../../live/http/sse_position.ts";
import { SseSocket, type StreamMessage } from "../../live/http/sse_socket.ts";

/** After so many quiet milliseconds the stream sends a comment. */
export const PING_MS = 15_000;

/** A stream, and its reader. */
export class SseBench implements Disposable {
  /** Messages that were told. */
  readonly messages: StreamMessage[] = [];
  /** How often the end was told. */
  closed = 0;
  /** The stream. */
  readonly socket = new SseSocket({
    pingIntervalMs: PING_MS,
    position: new StreamPosition(["event:1"], null),
    onMessage: (message) => this.messages.push(message),
    onClose: () => this.closed++,
  });
  readonly #decoder = new TextDecoder();
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  /** Reads the next event; `undefined` at the end. */
  async read(): Promise<string | undefined> {
    this.#reader ??= this.socket.body.getReader();
    const { value, done } = await this.#reader.read();
    return done ? undefined : this.#decoder.decode(value);
  }

  /** Reads to the end. */
  async rest(): Promise<string> {
    let text = "";
    for (let event = await this.read(); event !== undefined; event = await this.read()) {
      text += event;
    }
    return text;
  }

  /** Leaves. */
  async cancel(): Promise<void> {
    this.#reader ??= this.socket.body.getReader();
    await this.#reader.cancel();
  }

  /** Ends its timer. */
  [Symbol.dispose](): void {
    this.socket.close();
  }
}

/** The start of the stream's topic. */
export const SUBSCRIBED =
  '{"type":"subscribed","topic":"event:1","epoch":"a","offset":4,"messages":[]}';

/** Returns a message of the stream's topic. */
export function message(offset: number, data: unknown = offset): string {
  return JSON.stringify({ type: "message", topic: "event:1", offset, data });
}
