/**
 * The clients of the live listener, whatever carries their messages.
 *
 * @module
 */

import { Connection } from "../connection/connection.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { ServerMessage } from "../domain/messages.ts";
import { retryDelayMs } from "../domain/retry_delay.ts";
import type { Socket } from "../domain/socket.ts";
import type { Wire } from "../domain/wire.ts";
import type { Registry } from "../connection/registry.ts";
import type { SessionFactory } from "../session/session.ts";
import type { Admitted } from "./admission.ts";
import { Inbox, type InboxOptions } from "../session/inbox.ts";
import type { SocketEvents } from "../transport/transport.ts";

/** What clients need. */
export interface ClientsOptions extends InboxOptions {
  /** Knows the connections there are. */
  readonly registry: Registry;
  /** Creates what handles a connection's messages. */
  readonly sessions: SessionFactory;
  /** Name of this instance, told in `welcome`. */
  readonly instanceId: string;
  /** What one connection may hold unsent before it is closed with 1008, in bytes. */
  readonly backpressureThresholdBytes: number;
  /** Counts the connections. */
  readonly metrics: Metrics;
  /** Told of each connection, at the level for following it. */
  readonly logger: Logger;
}

/** What a client speaks. */
export interface ClientProtocol {
  /** How messages are written for it. */
  readonly wire: Wire;
  /** Called with each answer that was sent. @default {nothing} */
  readonly onAnswer?: (message: ServerMessage) => void;
}

/** A connected client: receives the events of its socket. */
export class Client implements Required<SocketEvents> {
  /** Its connection. */
  readonly connection: Connection;
  /** Takes what arrives. */
  readonly inbox: Inbox;
  readonly #registry: Registry;

  /** Creates the client of a connection that is registered. */
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
    this.connection.end(code, reason); // does nothing if the end was ours
    this.#registry.gone(this.connection);
  }
}

/** Sets up connections, and sends them away when the server drains. */
export class Clients {
  readonly #options: ClientsOptions;
  #leaving = false;

  /** Creates the clients of a server; there are none yet. */
  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /**
   * One connection's life, from the opening of its socket to its one end.
   *
   * @throws What the session's factory throws; nothing is registered then.
   */
  open(
    socket: Socket,
    { user, cookie }: Admitted,
    remoteAddress: string,
    protocol: ClientProtocol,
  ): Client {
    const { registry, metrics, logger, instanceId } = this.#options;
    const connection = new Connection({
      ...protocol,
      socket,
      remoteAddress,
      user,
      cookie,
      thresholdBytes: this.#options.backpressureThresholdBytes,
      metrics,
      onEnd(connection, code, reason) {
        registry.remove(connection);
        metrics.disconnect(code);
        logger.debug("connection ended", { connection: connection.id, code, reason });
        try {
          session.end();
        } catch (error) {
          logger.error("session could not be ended", { connection: connection.id, error });
        }
      },
    });
    const session = this.#options.sessions(connection);
    const inbox = new Inbox(connection, session, this.#options);
    registry.add(connection);
    logger.debug("connection opened", { connection: connection.id, user: user?.id, remoteAddress });
    connection.send({ type: "welcome", connection: connection.id, user, instance: instanceId });
    if (this.#leaving) sendAway(connection);
    return new Client(connection, inbox, registry);
  }

  /** Closes every connection with 1001, and from now on each that opens. */
  sendAway(): void {
    this.#leaving = true;
    for (const connection of this.#options.registry.all()) sendAway(connection);
  }
}

/** Closes with 1001 and a time to come back at, another for each client. */
function sendAway(connection: Connection): void {
  const reason = `server shutting down; retry in ${retryDelayMs()}`;
  connection.end(CloseCode.GoingAway, reason);
}
