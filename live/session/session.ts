/**
 * What one client's messages do.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { Authority } from "../domain/authority.ts";
import type { TopicRequest } from "../domain/messages.ts";
import { parseTopic, type Topic } from "../domain/topic.ts";
import type { Hub } from "../hub/hub.ts";
import type { Revalidator } from "./revalidator.ts";
import type { MonitoredConnection } from "./session_checker.ts";
import { refuse, TopicSubscription } from "./topic_subscription.ts";

/** Handles one connection's messages, from its opening to its end. */
export interface Session {
  /**
   * Handles a message that follows the protocol. May be called again before it resolves. A rejection
   * is logged and reported to the client, and the connection stays.
   */
  handle(message: TopicRequest): void | Promise<void>;
  /** Called once, when the connection has ended. */
  end(): void;
}

/** Creates the session of a connection that has just opened. */
export type SessionFactory = (connection: Connection) => Session;

/** What sessions need. */
export interface SessionOptions {
  /** Knows topics and their subscribers. */
  readonly hub: Hub;
  /** Decides which topics a client may subscribe to. @default {none: all topics} */
  readonly authority?: Authority | undefined;
  /** Topics per connection. */
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

/** Passes each message to the subscription of its topic. */
class ClientSession implements Session, MonitoredConnection {
  readonly connection: Connection;
  readonly #options: SessionOptions;
  /** By the topic's name. */
  readonly #subscriptions = new Map<string, TopicSubscription>();

  constructor(connection: Connection, options: SessionOptions) {
    this.connection = connection;
    this.#options = options;
  }

  get topics(): Topic[] {
    return [...this.#subscriptions.values()].filter(({ isActive }) => isActive)
      .map(({ topic }) => topic);
  }

  handle(message: TopicRequest): void | Promise<void> {
    const topic = parseTopic(message.topic);
    if (topic === undefined) {
      return refuse(this.connection, message, "bad-topic", "Invalid topic name");
    }
    const subscription = this.#subscriptionOf(topic);
    return subscription.handle(message).finally(() => this.#forgetIdle(subscription));
  }

  end(): void {
    this.#options.revalidator?.remove(this);
    for (const subscription of this.#subscriptions.values()) subscription.end();
    this.#subscriptions.clear();
  }

  withdraw(name: string): boolean {
    const subscription = this.#subscriptions.get(name);
    if (subscription === undefined) return false;
    const wasSubscribed = subscription.withdraw();
    this.#forgetIdle(subscription);
    return wasSubscribed;
  }

  #subscriptionOf(topic: Topic): TopicSubscription {
    const known = this.#subscriptions.get(topic.name);
    if (known !== undefined) return known;
    const { hub, authority, maxTopics } = this.#options;
    const subscription = new TopicSubscription(topic, {
      connection: this.connection,
      hub,
      authority,
      maxTopics,
      topicCount: () => this.topics.length,
    });
    this.#subscriptions.set(topic.name, subscription);
    return subscription;
  }

  #forgetIdle(subscription: TopicSubscription): void {
    if (subscription.isIdle) this.#subscriptions.delete(subscription.topic.name);
  }
}
