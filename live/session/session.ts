/**
 * Handling one client's messages.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { SubscribeRequest, TopicRequest, UnsubscribeRequest } from "../domain/messages.ts";
import { parseTopic, type Topic } from "../domain/topic.ts";
import { canonicalText, readViewQuery } from "../domain/view_query.ts";
import type { Hub } from "../hub/hub.ts";
import { VIEW_PREFIX } from "../views/view_registry.ts";
import { type AdmitOptions, admitToTopic, admitToView } from "./admit.ts";
import { refuse } from "./admission.ts";
import { type Admit, ClientSubscription } from "./client_subscription.ts";
import type { Revalidator } from "./revalidator.ts";
import type { MonitoredConnection } from "./session_checker.ts";

/** Handles one connection's messages, from its opening to its end. */
export interface Session {
  /**
   * Handles a message that follows the protocol. May be called again before it resolves. If it rejects, the
   * error is logged and the client is informed, and the connection stays open.
   */
  handle(message: TopicRequest): void | Promise<void>;
  /** Called once, when the connection has ended. */
  end(): void;
}

/** Handles one connection's frames in a protocol other than Live's own. */
export interface FrameSession {
  /** Handles a frame that is within the limits of size and rate. Never throws. */
  receive(frame: string | ArrayBuffer): void;
  /** Called once, when the connection has ended. */
  end(): void;
}

/** Creates the session of a connection that has just opened. */
export type SessionFactory = (connection: Connection) => Session;

/** What sessions need. */
export interface SessionOptions extends AdmitOptions {
  /** Knows topics and their subscribers. */
  readonly hub: Hub;
  /** Rows of one view. @default {1_000} */
  readonly maxRows?: number | undefined;
  /** Topics and views per connection. */
  readonly maxTopics: number;
  /** Monitors the connections. @default {none: sessions are not revalidated} */
  readonly revalidator?: Revalidator | undefined;
}

/** Returns a factory of sessions that subscribe and unsubscribe. */
export function createSessions(options: SessionOptions): SessionFactory {
  return (connection) => {
    const session = new ClientSession(connection, options);
    options.revalidator?.add(session);
    return session;
  };
}

/**
 * A subscription, and the topic whose right is revalidated; for a view there is none, because views check
 * their own rights.
 */
interface Entry {
  readonly subscription: ClientSubscription;
  readonly topic: Topic | undefined;
}

/** Passes each message to the subscription of its topic or view. */
class ClientSession implements Session, MonitoredConnection {
  readonly connection: Connection;
  readonly #options: SessionOptions;
  /** By the topic's name, or the view's canonical query. */
  readonly #entries = new Map<string, Entry>();

  constructor(connection: Connection, options: SessionOptions) {
    this.connection = connection;
    this.#options = options;
  }

  get topics(): Topic[] {
    return [...this.#entries.values()].filter(({ subscription }) => subscription.isActive)
      .map(({ topic }) => topic).filter((topic) => topic !== undefined);
  }

  handle(message: TopicRequest): void | Promise<void> {
    const isView = message.type === "subscribe" && message.topic === undefined;
    return isView ? this.#handleView(message) : this.#handleTopic(message);
  }

  end(): void {
    this.#options.revalidator?.remove(this);
    for (const { subscription } of this.#entries.values()) subscription.end();
    this.#entries.clear();
  }

  withdraw(name: string): boolean {
    const subscription = this.#entries.get(name)?.subscription;
    if (subscription === undefined) return false;
    const wasSubscribed = subscription.withdraw();
    this.#forgetIdle(name);
    return wasSubscribed;
  }

  #handleTopic(message: TopicRequest): void | Promise<void> {
    const { connection } = this;
    if (message.type === "unsubscribe" && message.topic.startsWith(VIEW_PREFIX)) {
      const view = this.#viewOf(message);
      if (view !== undefined) return this.#pass(view, message);
      const { topic, id } = message; // the view may just have been withdrawn
      return connection.send({ type: "unsubscribed", topic, id });
    }
    const topic = parseTopic(message.topic ?? "");
    if (topic === undefined) {
      return refuse(connection, message, { code: "bad-topic", message: "Invalid topic name" });
    }
    this.#add(topic.name, topic, admitToTopic(connection, topic, this.#options));
    return this.#pass(topic.name, message);
  }

  #handleView(message: SubscribeRequest): void | Promise<void> {
    const { connection } = this;
    const { maxRows = 1_000 } = this.#options;
    const query = readViewQuery(message.view, maxRows);
    if (typeof query === "string") {
      return refuse(connection, message, { code: "bad-view", message: query });
    }
    const key = `view ${canonicalText(query)}`;
    const admit = admitToView(connection, query, this.#options, (reason) => {
      this.#entries.get(key)?.subscription.withdraw(reason);
      this.#forgetIdle(key);
    });
    this.#add(key, undefined, admit);
    return this.#pass(key, message);
  }

  /** Returns the key of the client's view that a topic carries, if there is one. */
  #viewOf({ topic }: UnsubscribeRequest): string | undefined {
    for (const [key, { subscription, topic: own }] of this.#entries) {
      if (own === undefined && subscription.topic === topic) return key;
    }
    return undefined;
  }

  #add(key: string, topic: Topic | undefined, admit: Admit): void {
    if (this.#entries.has(key)) return;
    const { hub, maxTopics } = this.#options;
    const count = () =>
      [...this.#entries.values()].filter(({ subscription }) => subscription.isActive).length;
    const options = { connection: this.connection, hub, admit, maxTopics, count };
    this.#entries.set(key, { subscription: new ClientSubscription(options), topic });
  }

  async #pass(key: string, message: TopicRequest): Promise<void> {
    try {
      await this.#entries.get(key)?.subscription.handle(message);
    } finally {
      this.#forgetIdle(key);
    }
  }

  #forgetIdle(key: string): void {
    if (this.#entries.get(key)?.subscription.isIdle) this.#entries.delete(key);
  }
}
