/**
 * A connection of the client to the real session and hub, in one process. It carries messages when
 * a test says so.
 *
 * @module
 */

import { Connection } from "../../live/connection/connection.ts";
import { silentLogger } from "../../live/domain/logger.ts";
import { withDefaults } from "../../live/http/live_options.ts";
import { Inbox } from "../../live/session/inbox.ts";
import type { SessionFactory } from "../../live/session/session.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";
import type { RecordingMetrics } from "../support/recording_metrics.ts";
import type { FakeSocket } from "./setup.ts";

/** How much a connection may hold unsent: so little that it sometimes becomes a slow consumer. */
export const THRESHOLD_BYTES = 131_072;

/** Both ends of one connection. */
export class Link {
  readonly #socket: FakeSocket;
  readonly #down: string[] = [];
  readonly #connection: Connection;
  readonly #inbox: Inbox;
  #taken = 0;
  bufferedAmount = 0;
  readyState = 1;

  /** Opens the connection of a client's socket. */
  constructor(socket: FakeSocket, sessions: SessionFactory, metrics: RecordingMetrics) {
    this.#socket = socket;
    this.#connection = new Connection({
      socket: this,
      wire: jsonWire,
      remoteAddress: "127.0.0.1",
      user: null,
      credential: null,
      thresholdBytes: THRESHOLD_BYTES,
      metrics,
      onEnd: (_, code) => {
        session.end();
        this.readyState = 3;
        if (this.#socket.readyState === 1) this.#socket.end(code || 1006);
      },
    });
    const session = sessions(this.#connection);
    this.#inbox = new Inbox(this.#connection, session, {
      ...withDefaults(),
      maxMessagesPerSecond: 1e9, // its clock is the real one
      metrics,
      logger: silentLogger,
    });
    socket.open();
  }

  /** Whether the connection has ended. */
  get ended(): boolean {
    return this.#connection.ended;
  }

  send(frame: string): void {
    this.#down.push(frame);
    this.bufferedAmount += frame.length;
  }

  close(): void {
    this.readyState = 2;
  }

  /** Breaks the connection. What it carries is lost. */
  cut(): void {
    this.#connection.end(1006, "cut");
  }

  /** Carries at most this many messages to the server. */
  up(count: number): void {
    for (; count > 0 && this.#taken < this.#socket.sent.length && !this.ended; count--) {
      this.#inbox.receive(JSON.stringify(this.#socket.sent[this.#taken++]));
    }
  }

  /** Carries at most this many frames to the client. */
  down(count: number): void {
    for (const frame of this.#down.splice(0, this.ended ? 0 : count)) {
      this.bufferedAmount -= frame.length;
      this.#socket.onmessage?.({ data: frame });
    }
  }
}
