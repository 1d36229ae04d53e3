/**
 * The subscriptions of a stream of server-sent events. Its client names them in the URL, and cannot
 * send messages.
 *
 * @module
 */

import { CloseCode } from "../domain/close_codes.ts";
import type { ServerMessage } from "../domain/messages.ts";
import { retryDelayMs } from "../domain/retry_delay.ts";
import type { Client } from "./clients.ts";
import type { StreamPosition } from "./sse_position.ts";

/** Close reason when no topic is left. */
const NO_TOPIC_LEFT = "not allowed to listen to any of the topics";

/**
 * Subscribes to the topics of a URL, and tries again for topics that are unavailable. Closes the
 * connection with 4403 when every topic is refused, as the client would otherwise reconnect
 * forever.
 */
export class SseSubscriptions {
  readonly #position: StreamPosition;
  /** Topics that are subscribed or still undecided. */
  readonly #wanted: Set<string>;
  readonly #retries = new Set<ReturnType<typeof setTimeout>>();
  readonly #answered = Promise.withResolvers<void>();
  #client: Client | undefined;
  #refused = false;

  /** Creates the subscriptions of a stream; call {@linkcode begin} to start them. */
  constructor(topics: readonly string[], position: StreamPosition) {
    this.#wanted = new Set(topics);
    this.#position = position;
  }

  /** Whether every topic was refused. */
  get refused(): boolean {
    return this.#refused;
  }

  /**
   * Subscribes to all topics. Resolves once the stream has an answer worth reading, or all topics
   * were refused, or the connection has ended.
   */
  async begin(client: Client): Promise<void> {
    this.#client = client;
    const requests = [...this.#wanted].map((topic) => this.#subscribe(client, topic));
    await Promise.race([Promise.all(requests), this.#answered.promise]);
  }

  /** Called with each answer that was sent to the client. */
  noteAnswer(message: ServerMessage): void {
    if (!("topic" in message) || message.topic === undefined) return;
    const { topic } = message;
    const code = message.type === "error" ? message.code : undefined;
    if (message.type === "error" && code === "unavailable") {
      this.#retry(topic, message.retryAfterMs ?? retryDelayMs());
    } else if (message.type !== "subscribed") this.#refuse(topic);
    // If refusals fill the buffer, the client has to read them before other topics can start.
    if (code !== "forbidden" || !this.#client?.connection.hasRoom) this.#answered.resolve();
  }

  /** Stops trying, as the connection has ended. */
  end(): void {
    for (const timer of this.#retries) clearTimeout(timer);
    this.#answered.resolve();
  }

  async #subscribe({ connection, inbox }: Client, topic: string): Promise<void> {
    if (connection.ended) return;
    await inbox.handle({ type: "subscribe", topic, since: this.#position.since(topic) });
  }

  /** Tries again later, each stream at another moment. */
  #retry(topic: string, afterMs: number): void {
    const client = this.#client;
    if (client === undefined) return;
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#subscribe(client, topic);
    }, afterMs * (1 + Math.random()));
    this.#retries.add(timer);
  }

  #refuse(topic: string): void {
    this.#wanted.delete(topic);
    if (this.#wanted.size > 0) return;
    queueMicrotask(() => { // the session itself may close the connection right after this answer
      const { connection } = this.#client ?? {};
      if (connection === undefined || connection.ended) return;
      this.#refused = true;
      connection.end(CloseCode.OriginForbidden, NO_TOPIC_LEFT);
    });
  }
}
