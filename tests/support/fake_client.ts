/**
 * Clients without a network: the real connection on a fake socket.
 *
 * @module
 */

import { Connection, type ConnectionOptions } from "../../live/connection/connection.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import type { Socket } from "../../live/domain/socket.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";

/** Returns a publication as the client gets it; `data` is not JSON text yet. */
export function messageOf(
  topic: string,
  offset: number,
  data: unknown,
  key?: string,
  skipped?: number,
): string {
  return JSON.stringify({ type: "message", topic, offset, key, data, skipped });
}

/** Returns a removal as the client gets it. */
export function removalOf(topic: string, offset: number, key: string, skipped?: number): string {
  return JSON.stringify({ type: "message", topic, offset, key, removed: true, skipped });
}

/** A clock that stands still until a test, or a socket's `onSend`, moves it. */
export class FakeClock {
  /** The time in milliseconds. */
  ms = 1_000;
  /** Returns the time. */
  readonly now = (): number => this.ms;
}

/** A socket that records what is sent. Tests set its public fields. */
export class FakeSocket implements Socket {
  readyState = 1;
  bufferedAmount = 0;
  /** Whether what is sent stays in `bufferedAmount`. */
  slow = false;
  /** Whether `send` throws, as it does before the close event of a socket that broke. */
  broken = false;
  /** Called with each frame once it is recorded. */
  onSend: (frame: string) => void = () => {};
  /** The frames that were sent. */
  readonly frames: string[] = [];
  /** Codes and reasons that it was closed with. */
  readonly closes: [code: number | undefined, reason: string | undefined][] = [];

  send(frame: unknown): void {
    if (this.broken) throw new DOMException("readyState not OPEN", "InvalidStateError");
    this.frames.push(String(frame));
    if (this.slow) this.bufferedAmount += String(frame).length;
    this.onSend(String(frame));
  }

  close(code?: number, reason?: string): void {
    this.readyState = 2;
    this.closes.push([code, reason]);
  }
}

/** A connection and its socket. */
export interface Client {
  readonly socket: FakeSocket;
  readonly connection: Connection;
}

/** Creates a connection without a user on a fake socket. */
export function createClient(options: Partial<ConnectionOptions> = {}): Client {
  const socket = new FakeSocket();
  const connection = new Connection({
    socket,
    wire: jsonWire,
    remoteAddress: "127.0.0.1",
    user: null,
    credential: null,
    thresholdBytes: 1_048_576,
    metrics: silentMetrics,
    onEnd() {},
    ...options,
  });
  return { socket, connection };
}
