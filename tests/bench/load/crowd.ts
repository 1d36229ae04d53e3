/**
 * Many clients on raw sockets, which count messages and decode nothing.
 *
 * @module
 */

import { close, connect, Poller, receive, send } from "./libc.ts";
import { eachTime, lastSequence, MAX_CARRY, nowUs } from "./marks.ts";
import type { Histogram } from "./histogram.ts";
import type { Connected, ConnectOrder } from "./orders.ts";

/** Latencies are measured on one of this many connections. */
const SAMPLE = 16;

/** How long it may take until all are connected, in milliseconds. */
const DEADLINE_MS = 120_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns a client's text frame, masked with zeros (RFC 6455, section 5.3). */
export function textFrame(text: string): Uint8Array<ArrayBuffer> {
  const payload = encoder.encode(text);
  const head = payload.length < 126
    ? [0x81, 0x80 | payload.length]
    : [0x81, 0x80 | 126, payload.length >> 8, payload.length & 255];
  return new Uint8Array([...head, 0, 0, 0, 0, ...payload]);
}

/** Connections, numbered from 0. */
export class Crowd implements Disposable {
  /** Polls all connections; other sockets may be added with larger numbers. */
  readonly poller: Poller = new Poller();
  /** Topic of each connection. */
  readonly topics: readonly number[];
  /** Last sequence number that each connection has received. */
  readonly last: Int32Array;
  /** Reads that returned data. */
  reads = 0;
  /** Collects latencies, if set. */
  latencies: Histogram | undefined;
  /** Called with each connection's new last sequence number. */
  onSequence: (number: number, sequence: number) => void = () => {};
  readonly #fds: number[] = [];
  readonly #order: ConnectOrder;
  readonly #buffer = new Uint8Array(262_144);
  /** The incomplete message at the end of a connection's last read. */
  readonly #carries = new Map<number, Uint8Array>();

  /** Prepares the connections. */
  constructor(order: ConnectOrder) {
    this.#order = order;
    this.topics = Array.from({ length: order.count }, (_, index) => index % (order.topics ?? 1));
    this.last = new Int32Array(order.count);
  }

  /** Opens all connections. Those that the server asks to retry later do so. */
  open(): Connected {
    const { count, atOnce = 64 } = this.#order;
    const startedAt = performance.now();
    /** What each connection has received, until it is ready. */
    const texts = new Map<number, string>();
    const waiting = new Map<number, number>();
    let opened = 0;
    let ready = 0;
    let failed = 0;
    const take = (number: number) => {
      const text = texts.get(number);
      const length = receive(this.#fds[number] ?? -1, this.#buffer);
      if (text === undefined || length < 0) return;
      const all = text + decoder.decode(this.#buffer.subarray(0, length));
      texts.set(number, all);
      const state = length === 0 ? "failed" : this.#stateOf(number, text, all);
      if (typeof state === "number") waiting.set(number, performance.now() + state);
      if (state !== "ready" && state !== "failed") return;
      texts.delete(number);
      if (state === "ready") ready++;
      else failed++;
    };
    while (ready + failed < count && performance.now() - startedAt < DEADLINE_MS) {
      while (opened < count && texts.size - waiting.size < atOnce) {
        texts.set(opened, "");
        this.#connect(opened++);
      }
      for (const [number, at] of waiting) {
        if (performance.now() < at) continue;
        waiting.delete(number);
        if (texts.get(number)?.startsWith("HTTP/1.1 101")) {
          texts.set(number, "HTTP/1.1 101\r\n\r\n");
          this.#greet(number);
        } else {
          close(this.#fds[number] ?? -1);
          texts.set(number, "");
          this.#connect(number);
        }
      }
      this.poller.poll(waiting.size > 0 ? 10 : 1_000, take);
    }
    return { seconds: (performance.now() - startedAt) / 1000, failed: count - ready };
  }

  /** The state of a connection that is being opened; a number is the time until a retry, in ms. */
  #stateOf(number: number, before: string, text: string): "ready" | "failed" | "waiting" | number {
    const { hello, answer } = this.#order;
    if (!text.includes("\r\n\r\n")) return "waiting";
    if (!text.startsWith("HTTP/1.1 101")) {
      const retryAfter = /retry-after: (\d+)/i.exec(text)?.[1];
      return retryAfter === undefined ? "failed" : Number(retryAfter) * 1000;
    }
    if (hello === undefined) return "ready";
    if (!before.includes("\r\n\r\n")) this.#greet(number);
    const later = /"code":"unavailable".*"retryAfterMs":(\d+)/.exec(text)?.[1];
    if (later !== undefined) return Number(later);
    return answer === undefined || text.includes(answer) ? "ready" : "waiting";
  }

  /** Reads from a connection. */
  read(number: number): void {
    const carry = this.#carries.get(number);
    if (carry !== undefined) this.#buffer.set(carry);
    const kept = carry?.length ?? 0;
    const room = kept === 0 ? this.#buffer : this.#buffer.subarray(kept);
    const length = receive(this.#fds[number] ?? -1, room);
    if (length === 0) throw new Error(`The server closed connection ${number}`);
    if (length < 0) return;
    this.reads++;
    this.#take(number, kept + length);
  }

  #take(number: number, length: number): void {
    const buffer = this.#buffer;
    const end = buffer[length - 1];
    const isWhole = end === 0x7d || end === 0x5d; // } or ]: otherwise the read ended within a message
    const sequence = lastSequence(buffer, length);
    if (number % SAMPLE === 0 && this.latencies !== undefined) {
      const arrivedUs = nowUs();
      eachTime(buffer, length, (dueUs) => this.latencies?.add(arrivedUs - dueUs));
    }
    if (isWhole) this.#carries.delete(number);
    else this.#carries.set(number, buffer.slice(Math.max(0, length - MAX_CARRY), length));
    if (sequence > (this.last[number] ?? 0)) {
      this.last[number] = sequence;
      this.onSequence(number, sequence);
    }
  }

  #connect(number: number): void {
    const { port, cookies } = this.#order;
    const fd = this.#fds[number] = connect(port);
    this.poller.add(fd, number);
    const cookie = cookies.length === 0 ? "" : `Cookie: ${cookies[number % cookies.length]}\r\n`;
    send(
      fd,
      encoder.encode(
        `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${cookie}\r\n`,
      ),
    );
  }

  #greet(number: number): void {
    const hello = this.#order.hello?.replace("#", `${this.topics[number]}`) ?? "";
    send(this.#fds[number] ?? -1, textFrame(hello));
  }

  /** Closes all connections. */
  [Symbol.dispose](): void {
    for (const fd of this.#fds) close(fd);
    this.poller[Symbol.dispose]();
  }
}
