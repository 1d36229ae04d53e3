/**
 * What one client's messages do.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { Authorisation, Authority } from "../domain/authority.ts";
import { BrokerUnavailable } from "../domain/broker.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type {
  ClientMessage,
  ErrorCode,
  ErrorMessage,
  SubscribeRequest,
  UnsubscribedMessage,
} from "../domain/messages.ts";
import { parseTopic, type Topic } from "../domain/topic.ts";
import type { Hub, Start } from "../hub/hub.ts";
import type { Guard } from "./guard.ts";
import { type Guarded, SESSION_ENDED_REASON } from "./recheck.ts";

/** Handles one connection's messages, from its opening to its end. */
export interface Session {
  /**
   * Handles a message that has the protocol's form. May be called again before it resolves. A
   * rejection is logged and answered, and the connection stays.
   */
  handle(message: ClientMessage): void | Promise<void>;
  /** Called once, when the connection has ended. */
  end(): void;
}

/** Creates the session of a connection that has just opened. */
export type SessionFactory = (connection: Connection) => Session;

/** What sessions need. */
export interface SessionOptions {
  /** Knows topics and who listens to them. */
  readonly hub: Hub;
  /** Decides who may listen; without one everybody may. */
  readonly authority?: Authority | undefined;
  /** Topics that one connection may have. */
  readonly maxTopics: number;
  /** Asks again about sessions while they are connected; without one nobody does. */
  readonly guard?: Guard | undefined;
}

/** How soon a client may be back with a fresh cookie, in milliseconds. */
const FRESH_COOKIE_MS = 1_000;

/** Returns the factory of sessions that subscribe and unsubscribe. */
export function createSessions(options: SessionOptions): SessionFactory {
  return (connection) => {
    const session = new TopicSession(connection, options);
    options.guard?.add(session);
    return session;
  };
}

/**
 * Subscribes and unsubscribes. What concerns one topic is done in the order in which it was
 * asked; topics do not wait for each other.
 */
class TopicSession implements Session, Guarded {
  readonly connection: Connection;
  readonly #options: SessionOptions;
  /** Topics that are subscribed, by name. */
  readonly #topics = new Map<string, Topic>();
  /** Topics that are being subscribed and are not yet, by name. */
  readonly #joining = new Map<string, Topic>();
  /** Topics that were withdrawn while a message about them was under way. */
  readonly #withdrawn = new Set<string>();
  /** By topic, the message last asked for, while any is under way. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(connection: Connection, options: SessionOptions) {
    this.connection = connection;
    this.#options = options;
  }

  get topics(): Topic[] {
    return [...this.#topics.values(), ...this.#joining.values()];
  }

  handle(message: ClientMessage): void | Promise<void> {
    const topic = parseTopic(message.topic);
    if (topic === undefined) return this.#refuse(message, "bad-topic", "Invalid topic name");
    const turn = this.#after(this.#turns.get(topic.name), message, topic);
    this.#turns.set(topic.name, turn);
    const tidy = () => {
      if (this.#turns.get(topic.name) !== turn) return;
      this.#turns.delete(topic.name);
      this.#withdrawn.delete(topic.name);
    };
    turn.then(tidy, tidy);
    return turn;
  }

  end(): void {
    this.#options.guard?.remove(this);
    for (const name of this.#topics.keys()) this.#options.hub.unsubscribe(this.connection, name);
    this.#topics.clear();
  }

  withdraw(name: string): boolean {
    if (this.#turns.has(name)) this.#withdrawn.add(name);
    if (!this.#topics.has(name)) return false;
    this.#leave(name, { reason: "forbidden" });
    return true;
  }

  async #after(
    earlier: Promise<void> | undefined,
    message: ClientMessage,
    topic: Topic,
  ): Promise<void> {
    // Whoever asked for the earlier one is told of its failure; this one goes on.
    await earlier?.catch(() => {});
    if (this.connection.ended) return;
    if (message.type === "subscribe") await this.#subscribe(message, topic);
    else this.#leave(topic.name, { id: message.id });
  }

  async #subscribe(
    message: SubscribeRequest,
    topic: Topic,
  ): Promise<void> {
    const { maxTopics } = this.#options;
    const isNew = !this.#topics.has(topic.name);
    if (isNew && this.#topics.size + this.#joining.size >= maxTopics) {
      return this.#refuse(message, "limit", `Too many topics: at most ${maxTopics}`);
    }
    if (isNew) this.#joining.set(topic.name, topic);
    this.#withdrawn.delete(topic.name); // that was before this was asked
    try {
      if (await this.#mayListen(message, topic)) await this.#join(message, topic);
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      const { retryAfterMs } = error;
      this.#refuse(message, "unavailable", "The topic cannot be read now; try again", {
        retryAfterMs,
      });
    } finally {
      this.#joining.delete(topic.name);
    }
  }

  async #join(message: SubscribeRequest, topic: Topic): Promise<void> {
    const { since } = message;
    const onStart = (start: Start) => this.#begin(message, topic, start);
    await this.#options.hub.subscribe(this.connection, topic.name, { since, onStart });
  }

  /** Answers with the start of a subscription, unless the right to it ended on the way. */
  #begin(message: SubscribeRequest, topic: Topic, start: Start): void {
    const { name } = topic;
    this.#joining.delete(name);
    if (this.#withdrawn.has(name)) {
      this.#options.hub.unsubscribe(this.connection, name);
      return this.#forbid(message);
    }
    this.#topics.set(name, topic);
    this.connection.send({ type: "subscribed", topic: name, id: message.id, ...start });
  }

  #leave(topic: string, more: Pick<UnsubscribedMessage, "id" | "reason">): void {
    this.#topics.delete(topic);
    this.#options.hub.unsubscribe(this.connection, topic);
    this.connection.send({ type: "unsubscribed", topic, ...more });
  }

  /** Asks the authority; answers the client itself if that says anything but yes. */
  async #mayListen(message: ClientMessage, topic: Topic): Promise<boolean> {
    const { authority } = this.#options;
    const { cookie } = this.connection;
    if (authority === undefined) return true;
    const answer: Authorisation = cookie === null
      ? { kind: "forbidden" }
      : await authority.authorise(cookie, topic);
    switch (answer.kind) {
      case "allowed":
        return true;
      case "unavailable":
        this.#refuse(message, "unavailable", "Directus could not be asked; try again", {
          retryAfterMs: answer.retryAfterMs,
        });
        return false;
      case "forbidden":
        this.#forbid(message);
        if (this.#topics.has(topic.name)) this.#leave(topic.name, { reason: "forbidden" });
        return false;
      case "unauthorized":
        // The topic is not lost to the user, who can come back with a fresh cookie.
        this.#refuse(message, "forbidden", "The session is no longer good", {
          retryAfterMs: FRESH_COOKIE_MS,
        });
        this.connection.end(CloseCode.SessionEnded, SESSION_ENDED_REASON);
        return false;
    }
  }

  #forbid(message: ClientMessage): void {
    this.#refuse(message, "forbidden", "Not allowed to listen to this topic");
  }

  #refuse(
    { id, topic }: ClientMessage,
    code: ErrorCode,
    message: string,
    more: Pick<ErrorMessage, "retryAfterMs"> = {},
  ): void {
    this.connection.send({ type: "error", code, message, id, topic, ...more });
  }
}
