/**
 * What arrives on one connection, before anybody acts on it.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { TokenBucket } from "../connection/token_bucket.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { ClientMessage } from "../domain/messages.ts";
import { parseClientMessage } from "../domain/protocol.ts";
import type { Session } from "./session.ts";

/** What an inbox needs. */
export interface InboxOptions {
  /** Size of a message, in bytes; more closes with 1009. */
  readonly maxMessageBytes: number;
  /** Messages a second; more closes with 4429. */
  readonly maxMessagesPerSecond: number;
  /** Messages that may come at once. */
  readonly messageBurst: number;
  /** Counts the messages. */
  readonly metrics: Metrics;
  /** Told of a handler that failed. */
  readonly logger: Logger;
}

/** When to try again after a handler failed, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** Checks each message's size, rate and form, and hands it on. */
export class Inbox {
  readonly #connection: Connection;
  readonly #session: Session;
  readonly #options: InboxOptions;
  readonly #rate: TokenBucket;

  /** Creates the inbox of an open connection, whose messages a session handles. */
  constructor(connection: Connection, session: Session, options: InboxOptions) {
    this.#connection = connection;
    this.#session = session;
    this.#options = options;
    this.#rate = new TokenBucket({
      perSecond: options.maxMessagesPerSecond,
      burst: options.messageBurst,
    });
  }

  /** Takes a frame: a string, or an `ArrayBuffer` if it is binary. Never throws. */
  receive(frame: string | ArrayBuffer): void {
    const connection = this.#connection;
    if (connection.ended) return;
    connection.seen();
    if (isLarger(frame, this.#options.maxMessageBytes)) {
      return connection.end(CloseCode.MessageTooBig, "message too big");
    }
    if (!this.#rate.take()) return connection.end(CloseCode.TooMany, "too many messages");
    const parsed = parseClientMessage(frame);
    this.#options.metrics.received(parsed.ok ? parsed.message.type : "invalid");
    if (parsed.ok) this.handle(parsed.message);
    else connection.send(parsed.answer);
  }

  /** Has a message handled; a failure is logged, and answered. Never rejects. */
  async handle(message: ClientMessage): Promise<void> {
    try {
      await this.#session.handle(message);
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

const encoder = new TextEncoder();

/** Tells whether a frame is larger than so many bytes, encoding it only if it could be. */
function isLarger(frame: string | ArrayBuffer, bytes: number): boolean {
  if (typeof frame !== "string") return frame.byteLength > bytes;
  if (frame.length > bytes) return true;
  return frame.length * 3 > bytes && encoder.encode(frame).byteLength > bytes;
}
