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
import type { StreamTarget } from "./sse_targets.ts";

/** Close reason when no topic is left. */
const NO_TOPIC_LEFT = "not allowed to listen to any of the topics";

/** Delay before subscribing again to a view that was lost because rights have changed, in milliseconds. */
const RIGHTS_CHANGED_RETRY_MS = 100;

/**
 * Subscribes to the topics and views of a URL, and tries again if one is unavailable. When every one is
 * refused, it closes the connection with 4403, because the client would otherwise reconnect for ever.
 */
export class SseSubscriptions {
  readonly #position: StreamPosition;
  /** Targets that are subscribed or still undecided, by key. */
  readonly #wanted: Map<string, StreamTarget>;
  readonly #retries = new Set<ReturnType<typeof setTimeout>>();
  readonly #answered = Promise.withResolvers<void>();
  #client: Client | undefined;
  #refused = false;
  #fault: string | undefined;

  /** Creates the subscriptions of a stream; call {@linkcode begin} to start them. */
  constructor(targets: readonly StreamTarget[], position: StreamPosition) {
    this.#wanted = new Map(targets.map((target) => [target.key, target]));
    this.#position = position;
  }

  /** Whether every target was refused. */
  get refused(): boolean {
    return this.#refused;
  }

  /** Why Directus rejected the query of a view, if it did. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /**
   * Subscribes to all targets. Resolves once the stream has an answer worth reading, or all targets
   * were refused, or the connection has ended.
   */
  async begin(client: Client): Promise<void> {
    this.#client = client;
    const requests = [...this.#wanted.values()].map((target) => this.#subscribe(client, target));
    await Promise.race([Promise.all(requests), this.#answered.promise]);
  }

  /** Called with each answer that was sent to the client. */
  noteAnswer(message: ServerMessage): void {
    if (message.type === "welcome" || message.type === "pong") return;
    const key = this.#position.answered(message);
    const code = message.type === "error" ? message.code : undefined;
    if (message.type === "error" && code === "unavailable") {
      this.#retry(key, message.retryAfterMs ?? retryDelayMs());
    } else if (message.type === "unsubscribed" && message.reason === "changed") {
      this.#retry(key, RIGHTS_CHANGED_RETRY_MS);
    } else if (message.type !== "subscribed") this.#refuse(key);
    if (message.type === "error" && code === "bad-view") this.#fault = message.message;
    // Refusals may fill the buffer. Then the client has to read them before other targets can start.
    const isRefusal = code === "forbidden" || code === "bad-view";
    if (!isRefusal || !this.#client?.connection.hasRoom) this.#answered.resolve();
  }

  /** Stops trying, because the connection has ended. */
  end(): void {
    for (const timer of this.#retries) clearTimeout(timer);
    this.#answered.resolve();
  }

  async #subscribe(
    { connection, inbox }: Client,
    { key, request }: StreamTarget,
  ): Promise<void> {
    if (connection.ended) return;
    await inbox.request({ ...request, since: this.#position.since(key) });
  }

  /** Tries again after the delay, up to twice as late, so that streams do not all try at the same moment. */
  #retry(key: string, afterMs: number): void {
    const client = this.#client;
    const target = this.#wanted.get(key);
    if (client === undefined || target === undefined) return;
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#subscribe(client, target);
    }, afterMs * (1 + Math.random()));
    this.#retries.add(timer);
  }

  #refuse(key: string): void {
    this.#wanted.delete(key);
    if (this.#wanted.size > 0) return;
    queueMicrotask(() => { // the session itself may close the connection right after this answer
      const { connection } = this.#client ?? {};
      if (connection === undefined || connection.ended) return;
      this.#refused = true;
      connection.end(CloseCode.OriginForbidden, NO_TOPIC_LEFT);
    });
  }
}
