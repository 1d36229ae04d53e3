/**
 * A client's connection. It owns the socket, and ends exactly once.
 *
 * @module
 */

import type { User } from "../domain/authority.ts";
import { BACKPRESSURE_REASON, CloseCode } from "../domain/close_codes.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { ServerMessage } from "../domain/messages.ts";
import type { Credential } from "../domain/credential.ts";
import type { Socket } from "../domain/socket.ts";
import type { Wire } from "../domain/wire.ts";

/** What a connection needs. */
export interface ConnectionOptions {
  /** The open socket. */
  readonly socket: Socket;
  /** How messages are written for this client. */
  readonly wire: Wire;
  /** Address of the peer, which is the proxy if there is one in front. */
  readonly remoteAddress: string;
  /** Whose session it is; `null` without an authority, and for the public. */
  readonly user: User | null;
  /** The session's credential, with which rights are checked; `null` without an authority. */
  readonly credential: Credential | null;
  /** How much it may hold unsent before it is closed with 1008, in bytes. */
  readonly thresholdBytes: number;
  /** Counts what is sent. */
  readonly metrics: Metrics;
  /** Called with each answer that was sent. */
  readonly onAnswer?: ((message: ServerMessage) => void) | undefined;
  /** Called once, when either side has ended the connection. */
  readonly onEnd: (connection: Connection, code: number, reason: string) => void;
}

/** `WebSocket.OPEN`, which a {@linkcode Socket} does not carry. */
const OPEN = 1;

/**
 * A socket that holds more unsent bytes than this gets no further frame. The rest waits in the topics'
 * logs, where it costs no extra memory.
 */
const MAX_BUFFERED_BYTES = 65_536;

/** One client, from the socket's opening to its end. */
export class Connection {
  /** A random UUID; the client sees it in `welcome`. */
  readonly id: string = crypto.randomUUID();
  /** The socket; only the connection sends on it or closes it. */
  readonly socket: Socket;
  /** How messages are written for this client. */
  readonly wire: Wire;
  /** Address of the peer. */
  readonly remoteAddress: string;
  /** When the socket opened, in milliseconds since 1970. */
  readonly openedAt: number = Date.now();
  /**
   * When the peer last showed that it is alive, in milliseconds since 1970. Its pongs are visible only
   * with the transport `ws`.
   */
  lastSeenAt: number = this.openedAt;

  readonly #thresholdBytes: number;
  readonly #metrics: Metrics;
  readonly #onAnswer: ConnectionOptions["onAnswer"];
  readonly #onEnd: ConnectionOptions["onEnd"];
  #user: User | null;
  #credential: Credential | null;
  #handed = 0;
  #ended = false;

  /** Creates the connection of an open socket. */
  constructor(options: ConnectionOptions) {
    this.socket = options.socket;
    this.wire = options.wire;
    this.remoteAddress = options.remoteAddress;
    this.#user = options.user;
    this.#credential = options.credential;
    this.#thresholdBytes = options.thresholdBytes;
    this.#metrics = options.metrics;
    this.#onAnswer = options.onAnswer;
    this.#onEnd = options.onEnd;
  }

  /** Whose session it is; `null` without an authority, for the public, and before a client authenticates. */
  get user(): User | null {
    return this.#user;
  }

  /** The session's credential; it cannot be logged by accident. */
  get credential(): Credential | null {
    return this.#credential;
  }

  /** Whether it has ended. Nothing is sent from then on, and the registry no longer has it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** How much the socket holds that has not left the process, in bytes. */
  get bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  /** Whether the socket can take another frame without holding much. */
  get hasRoom(): boolean {
    return this.bufferedBytes <= Math.min(MAX_BUFFERED_BYTES, this.#thresholdBytes);
  }

  /**
   * How much has left the process so far. It changes while the peer reads, even if the socket is filled
   * again as fast. Frames count by their length and not in bytes, so only changes have a meaning.
   */
  get drained(): number {
    return this.#handed - this.bufferedBytes;
  }

  /**
   * Sets the session's user and credential. Only the registry calls this, because it counts connections by
   * user.
   */
  identify(user: User | null, credential: Credential): void {
    this.#user = user;
    this.#credential = credential;
  }

  /** Notes that the peer is alive. */
  seen(): void {
    this.lastSeenAt = Date.now();
  }

  /** Sends an answer to this client alone. */
  send(message: ServerMessage): void {
    if (!this.deliver(this.wire.answer(message))) return;
    this.#metrics.sent(message.type, 1);
    this.#onAnswer?.(message);
  }

  /**
   * Sends a frame. A connection that holds more than the threshold is closed with 1008 instead.
   * Nothing is sent once the connection has ended.
   *
   * @returns Whether the frame was handed to the socket. Never throws.
   */
  deliver(frame: string): boolean {
    if (this.#ended) return false;
    if (this.bufferedBytes > this.#thresholdBytes) {
      this.end(CloseCode.PolicyViolation, BACKPRESSURE_REASON);
      return false;
    }
    try {
      this.socket.send(frame);
      this.#handed += frame.length;
      return true;
    } catch {
      // The socket broke, and its close event is still to come.
      this.end(0, "send failed");
      return false;
    }
  }

  /**
   * Ends the connection, once: closes the socket if it is still open, and calls `onEnd`. It does not
   * wait for the closing handshake, as the close frame queues behind what is unsent.
   *
   * @param code The close code; 0 if the connection broke without one.
   * @param reason The close reason, at most 123 bytes.
   */
  end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.socket.readyState === OPEN) {
      try {
        this.socket.close(code === 0 ? CloseCode.GoingAway : code, reason);
      } catch {
        // The socket broke between the two lines, so it is closed already.
      }
    }
    this.#onEnd(this, code, reason);
  }
}
