/**
 * The topics of a stream of server-sent events, whose client can ask for nothing more.
 *
 * @module
 */

import { CloseCode } from "../domain/close_codes.ts";
import type { ServerMessage } from "../domain/messages.ts";
import { retryDelayMs } from "../domain/retry_delay.ts";
import type { Client } from "./clients.ts";
import type { StreamPosition } from "./sse_position.ts";

/** The reason sent along with 4403 when no topic is left. */
const NO_TOPIC_LEFT = "not allowed to listen to any of the topics";

/**
 * Subscribes to the topics of a URL, again and again to those that could not be decided, and ends
 * the connection when the client may listen to none of them: it would come back for ever.
 */
export class SseSubscriptions {
  readonly #position: StreamPosition;
  /** Topics that are subscribed, or may be yet. */
  readonly #wanted: Set<string>;
  readonly #retries = new Set<ReturnType<typeof setTimeout>>();
  readonly #answered = Promise.withResolvers<void>();
  #client: Client | undefined;
  #refused = false;

  /** Creates the subscriptions of a stream; nothing is asked yet. */
  constructor(topics: readonly string[], position: StreamPosition) {
    this.#wanted = new Set(topics);
    this.#position = position;
  }

  /** Whether the client may listen to none of the topics. */
  get refused(): boolean {
    return this.#refused;
  }

  /**
   * Subscribes to all topics. Resolves as soon as the stream has something to tell, or all topics
   * were refused, or the connection has ended.
   */
  async begin(client: Client): Promise<void> {
    this.#client = client;
    const asked = [...this.#wanted].map((topic) => this.#subscribe(client, topic));
    await Promise.race([Promise.all(asked), this.#answered.promise]);
  }

  /** Notes an answer that was sent to the client. */
  noteAnswer(message: ServerMessage): void {
    if (message.type === "welcome" || message.topic === undefined) return;
    const { topic } = message;
    const code = message.type === "error" ? message.code : undefined;
    if (message.type === "error" && code === "unavailable") {
      this.#retry(topic, message.retryAfterMs ?? retryDelayMs());
    } else if (message.type !== "subscribed") this.#refuse(topic);
    // Refusals that fill the buffer must be read as well, or they hold up what waits for room.
    if (code !== "forbidden" || !this.#client?.connection.hasRoom) this.#answered.resolve();
  }

  /** Asks no more, as the connection has ended. */
  end(): void {
    for (const timer of this.#retries) clearTimeout(timer);
    this.#answered.resolve();
  }

  async #subscribe({ connection, inbox }: Client, topic: string): Promise<void> {
    if (connection.ended) return;
    await inbox.handle({ type: "subscribe", topic, since: this.#position.since(topic) });
  }

  /** Asks again, not all streams at the same moment. */
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
    queueMicrotask(() => { // after the session's own end of the connection, if that follows
      const { connection } = this.#client ?? {};
      if (connection === undefined || connection.ended) return;
      this.#refused = true;
      connection.end(CloseCode.OriginForbidden, NO_TOPIC_LEFT);
    });
  }
}
