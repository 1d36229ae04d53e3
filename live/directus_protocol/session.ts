/**
 * Handling the messages of one client of Directus's realtime protocol.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Hub } from "../hub/hub.ts";
import type { Views } from "../views/views.ts";
import {
  collabFrame,
  errorFrame,
  itemsFrame,
  PING_FRAME,
  pongFrame,
  unsubscribedFrame,
} from "./answers.ts";
import { type Entrance, Identity } from "./identity.ts";
import { type DirectusMessage, readMessage, type SubscribeMessage, type Uid } from "./messages.ts";
import { PacedConnection } from "./paced_connection.ts";
import { readQuery } from "./query.ts";
import { DirectusSubscription } from "./subscription.ts";

/** Revalidates sessions. */
export interface Monitor {
  /** Starts to monitor a connection. */
  add(monitored: DirectusSession): void;
  /** Stops monitoring a connection. */
  remove(monitored: DirectusSession): void;
}

/** What sessions need. */
export interface DirectusSessionOptions {
  /** Knows topics and their subscribers. */
  readonly hub: Hub;
  /** Opens views. */
  readonly views: Pick<Views, "open">;
  /** Returns the name of a collection's primary key. */
  readonly primaryKeyOf: (collection: string) => string;
  /** How many rows one view may have. */
  readonly maxRows: number;
  /** Subscriptions per connection. */
  readonly maxTopics: number;
  /** Monitors the connections. */
  readonly monitor: Monitor;
  /** Counts messages. */
  readonly metrics: Metrics;
  /** Logs what failed. */
  readonly logger: Logger;
}

/** The close reason of a client that answers no ping. */
const SILENT = "no answer to ping";

/** One client: its identity and its subscriptions. */
export class DirectusSession {
  readonly connection: Connection;
  /** It has no topics, only views. */
  readonly topics = [] as const;
  readonly #options: DirectusSessionOptions;
  readonly #identity: Identity;
  readonly #paced: PacedConnection;
  /** Subscriptions by `uid`; without a `uid`, by their message. */
  readonly #subscriptions = new Map<string | SubscribeMessage, DirectusSubscription>();
  #isAnswering = true;

  /** Creates the session of a connection that has just opened. */
  constructor(connection: Connection, entrance: Entrance, options: DirectusSessionOptions) {
    this.connection = connection;
    this.#options = options;
    this.#paced = new PacedConnection(connection);
    this.#identity = new Identity(connection, {
      ...options,
      entrance,
      onChange: (apply) => {
        options.monitor.remove(this);
        apply();
        options.monitor.add(this);
        // Stop first: the former session's rights are not checked any more, and the new session may not
        // have them.
        for (const subscription of this.#all) subscription.pause();
      },
      onEntered: (viewer) => {
        for (const subscription of this.#all) subscription.open(viewer);
      },
      onLeft: () => {
        for (const subscription of this.#all) subscription.pause();
      },
      onMessage: (frame) => this.receive(frame),
    });
    options.monitor.add(this);
  }

  /** The backlog of all subscriptions, in UTF-16 code units. */
  get backlog(): number {
    const { hub } = this.#options;
    return this.#all.reduce((sum, subscription) => sum + hub.backlogOf(subscription), 0);
  }

  /** Handles a frame. Never throws. */
  receive(frame: string | ArrayBuffer): void {
    this.#isAnswering = true;
    const read = readMessage(frame);
    if (this.#identity.takes(read, frame)) return;
    if (read.kind === "message") return this.#handle(read.message);
    this.#options.metrics.received("invalid");
    if (read.kind === "unanswered") return;
    const { type, reason, uid } = read;
    this.#send(errorFrame(type, { code: "INVALID_PAYLOAD", message: reason }, uid));
  }

  /** Called once, when the connection has ended. */
  end(): void {
    this.#options.monitor.remove(this);
    this.#identity.end();
    this.#paced.end();
    for (const subscription of this.#all) subscription.end();
    this.#subscriptions.clear();
  }

  /** Called when the session is over. The client may present another token. */
  sessionOver(): void {
    this.#identity.expire();
  }

  /** Does nothing, because there are no topics. */
  withdraw(): boolean {
    return false;
  }

  /** Pings the client. Closes the connection if it has not answered since the last ping. */
  beat(): void {
    if (!this.#isAnswering) return this.connection.end(CloseCode.TryAgainLater, SILENT);
    if (!this.#identity.isKnown) return; // nothing may precede the answer to the client's first message
    this.#isAnswering = false;
    this.#send(PING_FRAME);
  }

  get #all(): DirectusSubscription[] {
    return [...this.#subscriptions.values()];
  }

  #handle(message: DirectusMessage): void {
    const { metrics } = this.#options;
    switch (message.type) {
      case "subscribe":
        metrics.received("subscribe");
        return this.#subscribe(message);
      case "unsubscribe":
        metrics.received("unsubscribe");
        return this.#unsubscribe(message.uid);
      case "auth": // the identity has handled it
        return;
      case "ping":
        metrics.received("ping");
        return this.#send(pongFrame(message.uid));
      case "pong":
        return metrics.received("ping");
      case "items":
        metrics.received("invalid");
        return this.#send(itemsFrame(message.uid));
      case "collab":
        metrics.received("invalid");
        return this.#send(collabFrame(message.action));
    }
  }

  #subscribe(message: SubscribeMessage): void {
    const { primaryKeyOf, maxRows, maxTopics, logger } = this.#options;
    const { connection } = this;
    const { uid, collection } = message;
    const name = uid === undefined ? message : String(uid);
    const query = readQuery(message, { maxRows, primaryKey: primaryKeyOf(collection) });
    if (typeof query === "string") {
      return this.#refuse({ code: "INVALID_QUERY", message: query }, uid);
    }
    const former = this.#subscriptions.get(name);
    const isSame = former !== undefined && former.isFor(message, query);
    if (isSame && !former.hasBegun) return former.askAgain();
    former?.end();
    this.#subscriptions.delete(name);
    if (this.#subscriptions.size >= maxTopics) {
      const text = `Too many subscriptions: at most ${maxTopics}`;
      return this.#refuse({ code: "LIMIT_EXCEEDED", message: text }, uid);
    }
    const subscription = new DirectusSubscription({
      ...this.#options,
      connection: this.#paced,
      message,
      query,
      maxKnownRows: 2 * maxRows,
      onSessionOver: () => this.sessionOver(),
      onEnd: () => {
        if (this.#subscriptions.get(name) === subscription) this.#subscriptions.delete(name);
      },
      onFailure: (error) => {
        logger.error("subscription failed", { connection: connection.id, error });
        connection.end(CloseCode.TryAgainLater, "internal error");
      },
    });
    this.#subscriptions.set(name, subscription);
    const { viewer } = this.#identity;
    if (viewer !== undefined) subscription.open(viewer);
  }

  #unsubscribe(uid: Uid | undefined): void {
    for (const [name, subscription] of this.#subscriptions) {
      if (uid !== undefined && name !== String(uid)) continue;
      subscription.end();
      this.#subscriptions.delete(name);
    }
    this.#send(unsubscribedFrame(uid));
  }

  #refuse(fault: Parameters<typeof errorFrame>[1], uid: Uid | undefined): void {
    this.#send(errorFrame("subscribe", fault, uid));
  }

  #send(frame: string): void {
    this.#paced.deliverAfterPause(frame);
  }
}
