/**
 * A WebSocket client. Tests take its messages one by one.
 *
 * @module
 */

import { Queue } from "./queue.ts";

/** A message from the server. */
// deno-lint-ignore no-explicit-any -- a test asserts its whole shape
export type Message = any;

/** The end of a connection, as the client sees it. */
export interface Closed {
  /** The close code. */
  readonly code: number;
  /** The close reason. */
  readonly reason: string;
}

/** A client that queues what it receives. */
export class Client implements AsyncDisposable {
  /** The frames received so far. */
  readonly frames: string[] = [];
  /** Resolves once the connection has ended. */
  readonly closed: Promise<Closed>;
  readonly #messages = new Queue<Message>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #socket: WebSocket;

  /** Starts to connect. */
  constructor(url: string, headers: HeadersInit = {}) {
    const socket = this.#socket = new WebSocket(url, { headers });
    const { promise, resolve } = Promise.withResolvers<Closed>();
    this.closed = promise;
    this.#opened.promise.catch(() => {}); // for tests that wait only for `closed`
    socket.onopen = () => this.#opened.resolve();
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onerror = () => {}; // the close event follows
    socket.onclose = ({ code, reason }) => {
      const error = new Error(`Connection closed: ${code} ${reason}`);
      this.#opened.reject(error);
      this.#messages.end(error);
      resolve({ code, reason });
    };
  }

  /**
   * Connects.
   *
   * @returns The client, once its socket is open.
   * @throws {Error} If the server refuses.
   */
  static async connect(url: string, headers: HeadersInit = {}): Promise<Client> {
    const client = new Client(url, headers);
    await client.#opened.promise;
    return client;
  }

  /** Number of messages received and not taken. */
  get pending(): number {
    return this.#messages.size;
  }

  /** Resolves to the next message, also from a frame with several. */
  next(): Promise<Message> {
    return this.#messages.next();
  }

  /** Resolves to the next messages. */
  async take(count: number): Promise<Message[]> {
    const messages: Message[] = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  /** Sends text and bytes unchanged, and anything else as JSON. */
  send(message: unknown): void {
    const raw = typeof message === "string" || message instanceof Uint8Array;
    this.#socket.send(raw ? message as string | Uint8Array<ArrayBuffer> : JSON.stringify(message));
  }

  /** Sends a message; resolves to the next message received. */
  async ask(message: unknown): Promise<Message> {
    this.send(message);
    return await this.next();
  }

  /** Resolves to the next message, or to the end of the connection. */
  outcome(): Promise<Message> {
    return this.next().catch(() => this.closed);
  }

  /** Subscribes and resolves to the answer. */
  subscribe(topic: string, more: Record<string, unknown> = {}): Promise<Message> {
    return this.ask({ type: "subscribe", topic, ...more });
  }

  /** Closes; resolves once the connection has ended. */
  async close(code?: number): Promise<Closed> {
    if (this.#socket.readyState < WebSocket.CLOSING) this.#socket.close(code);
    return await this.closed;
  }

  /** Closes, unless the connection has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #receive(frame: string): void {
    this.frames.push(frame);
    const value = JSON.parse(frame);
    for (const message of Array.isArray(value) ? value : [value]) this.#messages.push(message);
  }
}
