/**
 * The connected clients, whatever transport and protocol they use.
 *
 * @module
 */

import { Connection } from "../connection/connection.ts";
import { Registry } from "../connection/registry.ts";
import { StallDetector } from "../connection/stall_detector.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { ServerMessage } from "../domain/messages.ts";
import { retryDelayMs } from "../domain/retry_delay.ts";
import type { Socket } from "../domain/socket.ts";
import type { Wire } from "../domain/wire.ts";
import { REVOKED_REASON } from "../session/revoke.ts";
import type { FrameSession, SessionFactory } from "../session/session.ts";
import type { Admitted } from "./admission.ts";
import { Inbox, type InboxOptions } from "../session/inbox.ts";
import type { SocketEvents } from "../transport/transport.ts";

/** What clients need. */
export interface ClientsOptions extends InboxOptions {
  /** Creates the session that handles a connection's messages. */
  readonly sessions: SessionFactory;
  /** Name of this instance, sent in `welcome`. */
  readonly instanceId: string;
  /** How much one connection may hold unsent before it is closed with 1008, in bytes. */
  readonly backpressureThresholdBytes: number;
  /** Returns how much is waiting for a connection outside its socket, in bytes. */
  readonly backlogOf: (connection: Connection) => number;
  /** A silent peer is pinged after this many milliseconds, and disconnected after as many again. */
  readonly pingIntervalMs: number;
  /** Counts connections. */
  readonly metrics: Metrics;
  /** Logs each connection, at the level for following it. */
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: (() => number) | undefined;
}

/** The protocol of a client. */
export interface ClientProtocol {
  /** Renders its messages. */
  readonly wire: Wire;
  /** Called with each answer that was sent. @default {nothing} */
  readonly onAnswer?: (message: ServerMessage) => void;
  /** Creates its sessions. @default {those of Live's own protocol, which begins with a welcome} */
  readonly sessions?: (connection: Connection) => FrameSession;
}

/** Time between the closes of two clients that reconnect after a fixed time, in milliseconds. */
const STEP_MS = 10;

/** A connected client: receives the events of its socket. */
export class Client implements Required<SocketEvents> {
  /** The connection. */
  readonly connection: Connection;
  /** Handles the messages that arrive. */
  readonly inbox: Inbox;
  readonly #registry: Registry;

  /** Creates the client of a registered connection. */
  constructor(connection: Connection, inbox: Inbox, registry: Registry) {
    this.connection = connection;
    this.inbox = inbox;
    this.#registry = registry;
  }

  message(frame: string | ArrayBuffer): void {
    this.inbox.receive(frame);
  }

  seen(): void {
    this.connection.seen();
  }

  failed(code: number, reason: string): void {
    this.connection.end(code, reason);
  }

  closed(code: number, reason: string): void {
    this.connection.end(code, reason); // does nothing if the server ended it
    this.#registry.gone(this.connection);
  }
}

/**
 * Sets up connections, closes those that stall, and closes all of them when the server drains. A
 * timer runs from the first connection on.
 */
export class Clients {
  /** The open connections. */
  readonly registry: Registry;
  readonly #options: ClientsOptions;
  readonly #stallDetector: StallDetector;
  /** Connections of clients that ignore the delay, and reconnect a fixed time after any close. */
  readonly #hasty = new Set<Connection>();
  #draining = false;

  /** Creates an empty set of clients. */
  constructor(options: ClientsOptions) {
    const { metrics, backlogOf, now, pingIntervalMs } = options;
    this.registry = new Registry(metrics);
    this.#options = options;
    this.#stallDetector = new StallDetector({
      registry: this.registry,
      backlogOf,
      thresholdBytes: options.backpressureThresholdBytes,
      silentMs: 2 * pingIntervalMs,
      ...(now && { now }),
    });
  }

  /**
   * Sets up a connection whose socket has opened, and everything that happens when it ends.
   *
   * @throws The error of the session factory. Then the connection is not registered.
   */
  open(
    socket: Socket,
    { user, credential, isRevoked, keepPlace }: Admitted,
    remoteAddress: string,
    protocol: ClientProtocol,
  ): Client {
    const { registry } = this;
    const hasty = this.#hasty;
    const { metrics, logger, instanceId } = this.#options;
    const { wire, onAnswer, sessions } = protocol;
    const connection = new Connection({
      wire,
      onAnswer,
      socket,
      remoteAddress,
      user,
      credential,
      thresholdBytes: this.#options.backpressureThresholdBytes,
      metrics,
      onEnd(connection, code, reason) {
        registry.remove(connection);
        hasty.delete(connection);
        metrics.disconnect(code);
        logger.debug("connection ended", { connection: connection.id, code, reason });
        try {
          session.end();
        } catch (error) {
          logger.error("session could not be ended", { connection: connection.id, error });
        }
      },
    });
    const session = (sessions ?? this.#options.sessions)(connection);
    const inbox = new Inbox(connection, session, this.#options);
    registry.add(connection, keepPlace());
    logger.debug("connection opened", { connection: connection.id, user: user?.id, remoteAddress });
    if (isRevoked()) connection.end(CloseCode.Revoked, REVOKED_REASON); // nothing is sent then
    if (sessions !== undefined && !connection.ended) hasty.add(connection);
    if (sessions === undefined) {
      connection.send({ type: "welcome", connection: connection.id, user, instance: instanceId });
    }
    if (this.#draining) sendAway(connection);
    else this.#stallDetector.start();
    return new Client(connection, inbox, registry);
  }

  /**
   * Closes every connection with 1001, and from now on each one that opens. For most clients, the close
   * reason says when to reconnect. The others ignore it, so they are closed one after the other. Otherwise
   * they would all reconnect at the same moment.
   *
   * @param spreadMs How long that may take, in milliseconds.
   * @returns A promise that resolves once all were closed.
   */
  async drain(spreadMs: number): Promise<void> {
    this.#draining = true;
    this.#stallDetector.stop();
    for (const connection of this.registry.all()) {
      if (!this.#hasty.has(connection)) sendAway(connection);
    }
    const hasty = [...this.#hasty];
    const stepMs = Math.min(STEP_MS, spreadMs / hasty.length);
    await Promise.all(
      hasty.map((connection, index) =>
        new Promise<void>((resolve) =>
          setTimeout(() => {
            sendAway(connection);
            resolve();
          }, index * stepMs)
        )
      ),
    );
  }
}

/** Closes with 1001 and a reconnect delay, which differs from client to client. */
function sendAway(connection: Connection): void {
  const reason = `server shutting down; retry in ${retryDelayMs()}`;
  connection.end(CloseCode.GoingAway, reason);
}
