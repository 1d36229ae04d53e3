/**
 * A client of server-sent events. Tests take the events one by one.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieOf } from "./authorities.ts";
import type { Message } from "./client.ts";
import type { Live } from "./live.ts";
import { Queue } from "./queue.ts";
import { type Head, RawClient } from "./raw_client.ts";

/** An event, as an `EventSource` would dispatch it. */
export interface SseEvent {
  /** Its type. */
  readonly event: string;
  /** Its data. */
  readonly data: string;
  /** The last id so far. */
  readonly id: string;
  /** The last reconnect delay so far, in milliseconds. */
  readonly retry: number | undefined;
}

/** Returns the address of a stream. */
export function urlOf(live: Live, topics: readonly string[]): string {
  return `${live.http}/sse?${new URLSearchParams(topics.map((topic) => ["topic", topic]))}`;
}

/** Sends a request without any other headers; resolves to the head of the response. */
export async function knock(
  live: Live,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Head> {
  using client = await RawClient.connect(live.port);
  await client.request(path, { host: "live.example", ...headers }, method);
  return await client.head();
}

/** Parses a stream as the HTML Standard says, section 9.2.6. */
export class SseClient implements AsyncDisposable {
  /** The response. */
  readonly response: Response;
  /** All text received so far. */
  text = "";
  /** Comments received so far. */
  readonly comments: string[] = [];
  /** Resolves at the end of the stream, to whether it was complete. */
  readonly ended: Promise<boolean>;
  readonly #events = new Queue<SseEvent>();
  readonly #chunks = new Queue<string>();
  readonly #reader: ReadableStreamDefaultReader<string>;
  #unread = "";
  #id = "";
  #retry: number | undefined;

  /** Starts to read a response. */
  constructor(response: Response) {
    this.response = response;
    const body = response.body ?? new Blob().stream();
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
    this.ended = this.#read();
  }

  /**
   * Requests a stream.
   *
   * @throws {Error} If the response is not a stream.
   */
  static async connect(url: string, headers: HeadersInit = {}): Promise<SseClient> {
    const response = await fetch(url, { headers });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`No stream: ${response.status}`);
    }
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    return new SseClient(response);
  }

  /** Requests topics, as the user `ada`. */
  static to(
    live: Live,
    topics: readonly string[],
    headers: Readonly<Record<string, string>> = {},
  ): Promise<SseClient> {
    return SseClient.connect(urlOf(live, topics), { cookie: cookieOf("ada"), ...headers });
  }

  /** Requests topics, and takes the welcome and an answer about each topic. */
  static async open(
    live: Live,
    topics: readonly string[],
    headers: Readonly<Record<string, string>> = {},
  ): Promise<SseClient> {
    const client = await SseClient.to(live, topics, headers);
    await client.take(1 + topics.length);
    return client;
  }

  /** What an `EventSource` would send as `Last-Event-ID`. */
  get lastEventId(): string {
    return this.#id;
  }

  /** Resolves to the next event; rejects if the stream ends before. */
  event(): Promise<SseEvent> {
    return this.#events.next();
  }

  /** Resolves to the message of the next event, which must be of the default type. */
  async next(): Promise<Message> {
    const { event, data } = await this.event();
    assertEquals(event, "message");
    return JSON.parse(data);
  }

  /** Resolves to the messages of the next events. */
  async take(count: number): Promise<Message[]> {
    const messages: Message[] = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  /** Resolves to the next piece of text that arrives. */
  received(): Promise<string> {
    return this.#chunks.next();
  }

  /** Disconnects; resolves once the stream has ended. */
  async close(): Promise<void> {
    await this.#reader.cancel();
    await this.ended;
  }

  /** Disconnects, unless the stream has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #read(): Promise<boolean> {
    let whole = true;
    try {
      for (let read = await this.#reader.read(); !read.done; read = await this.#reader.read()) {
        this.text += read.value;
        this.#unread += read.value;
        // Large events arrive in many chunks; only a chunk with a line feed can complete one.
        const blocks = read.value.includes("\n") ? this.#unread.split("\n\n") : [this.#unread];
        this.#unread = blocks.pop() ?? "";
        for (const block of blocks) this.#dispatch(block);
        this.#chunks.push(read.value);
      }
    } catch {
      whole = false;
    }
    const error = new Error("Stream ended");
    this.#events.end(error);
    this.#chunks.end(error);
    return whole;
  }

  /** Parses one event. Events end with `\n\n` here, though the standard allows other line ends. */
  #dispatch(block: string): void {
    let event = "message";
    const data: string[] = [];
    for (const line of block.split(/\r\n|\r|\n/)) {
      const [, field = line, value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (field === "") this.comments.push(value);
      if (field === "event") event = value;
      if (field === "data") data.push(value);
      if (field === "id") this.#id = value;
      if (field === "retry" && /^\d+$/.test(value)) this.#retry = Number(value);
    }
    if (data.length === 0) return;
    this.#events.push({ event, data: data.join("\n"), id: this.#id, retry: this.#retry });
  }
}
