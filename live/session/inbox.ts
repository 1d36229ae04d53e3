/**
 * The checks that every message of a client passes first.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { TokenBucket } from "../connection/token_bucket.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { TopicRequest } from "../domain/messages.ts";
import { parseClientMessage } from "../domain/protocol.ts";
import type { FrameSession, Session } from "./session.ts";

/** Bounds of an inbox, and where it reports. */
export interface InboxOptions {
  /** Largest message, in bytes; a larger one closes with 1009. */
  readonly maxMessageBytes: number;
  /** Messages per second; more close with 4429. */
  readonly maxMessagesPerSecond: number;
  /** Messages that may arrive at once. */
  readonly messageBurst: number;
  /** Counts messages by type. */
  readonly metrics: Metrics;
  /** Logs a failed handler. */
  readonly logger: Logger;
}

/** When the client should retry after a handler failed, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** Checks the size, rate and form of each message, answers pings, and passes the rest to the session. */
export class Inbox {
  readonly #connection: Connection;
  readonly #session: Session | FrameSession;
  readonly #options: InboxOptions;
  readonly #rate: TokenBucket;

  /** Creates the inbox of an open connection. */
  constructor(connection: Connection, session: Session | FrameSession, options: InboxOptions) {
    this.#connection = connection;
    this.#session = session;
    this.#options = options;
    this.#rate = new TokenBucket({
      perSecond: options.maxMessagesPerSecond,
      burst: options.messageBurst,
    });
  }

  /** Receives a frame: a string, or an `ArrayBuffer` if it is binary. Never throws. */
  receive(frame: string | ArrayBuffer): void {
    const connection = this.#connection;
    if (connection.ended) return;
    connection.seen();
    if (isLarger(frame, this.#options.maxMessageBytes)) {
      return connection.end(CloseCode.MessageTooBig, "message too big");
    }
    if (!this.#rate.take()) return connection.end(CloseCode.TooMany, TOO_MANY);
    if ("receive" in this.#session) return this.#session.receive(frame);
    const parsed = parseClientMessage(frame);
    this.#options.metrics.received(parsed.ok ? parsed.message.type : "invalid");
    if (!parsed.ok) connection.send(parsed.answer);
    else if (parsed.message.type === "ping") connection.send({ ...parsed.message, type: "pong" });
    else this.#handle(parsed.message);
  }

  /**
   * Passes on a request that the client did not send as a frame. It counts towards the rate limit like a
   * frame.
   */
  async request(message: TopicRequest): Promise<void> {
    if (!this.#rate.take()) return this.#connection.end(CloseCode.TooMany, TOO_MANY);
    await this.#handle(message);
  }

  /** Passes a message to the session. Logs a failure and tells the client. Never rejects. */
  async #handle(message: TopicRequest): Promise<void> {
    try {
      if ("handle" in this.#session) await this.#session.handle(message);
    } catch (error) {
      this.#options.logger.error("message handler failed", {
        connection: this.#connection.id,
        type: message.type,
        error,
      });
      this.#connection.send({
        type: "error",
        code: "unavailable",
        message: "Internal error; try again",
        id: message.id,
        topic: message.topic,
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
  }
}

const TOO_MANY = "too many messages";

const encoder = new TextEncoder();

/**
 * Tells whether a frame is larger than a bound. Encodes the frame only if its length does not decide that.
 */
function isLarger(frame: string | ArrayBuffer, maxBytes: number): boolean {
  if (typeof frame !== "string") return frame.byteLength > maxBytes;
  if (frame.length > maxBytes) return true;
  return frame.length * 3 > maxBytes && encoder.encode(frame).byteLength > maxBytes;
}
