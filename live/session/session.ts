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
import type { Hub, SubscriptionStart } from "../hub/hub.ts";
import type { Revalidator } from "./revalidator.ts";
import { type MonitoredSession, SESSION_ENDED_REASON } from "./revalidation.ts";

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
  readonly guard?: Revalidator | undefined;
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

/** What a session knows of a topic, while it has it or a message about it is under way. */
interface Place {
  readonly topic: Topic;
  stage: "out" | "joining" | "in";
  /** Whether it was withdrawn while a message about it was under way. */
  withdrawn: boolean;
  /** The handling of the message last asked for, while any is under way. */
  turn: Promise<void> | undefined;
}

/**
 * Subscribes and unsubscribes. What concerns one topic is done in the order in which it was
 * asked; topics do not wait for each other.
 */
class TopicSession implements Session, MonitoredSession {
  readonly connection: Connection;
  readonly #options: SessionOptions;
  /** By the topic's name. */
  readonly #places = new Map<string, Place>();

  constructor(connection: Connection, options: SessionOptions) {
    this.connection = connection;
    this.#options = options;
  }

  get topics(): Topic[] {
    return [...this.#places.values()].filter(({ stage }) => stage !== "out")
      .map(({ topic }) => topic);
  }

  handle(message: ClientMessage): void | Promise<void> {
    const topic = parseTopic(message.topic);
    if (topic === undefined) return this.#refuse(message, "bad-topic", "Invalid topic name");
    const place = this.#placeOf(topic);
    const turn = this.#after(place.turn, message, place);
    place.turn = turn;
    const tidy = () => {
      if (place.turn !== turn) return;
      place.turn = undefined;
      place.withdrawn = false;
      this.#forgetUnused(place);
    };
    turn.then(tidy, tidy);
    return turn;
  }

  end(): void {
    this.#options.guard?.remove(this);
    for (const [name, { stage }] of this.#places) {
      if (stage === "in") this.#options.hub.unsubscribe(this.connection, name);
    }
    this.#places.clear();
  }

  withdraw(name: string): boolean {
    const place = this.#places.get(name);
    if (place?.turn !== undefined) place.withdrawn = true;
    if (place?.stage !== "in") return false;
    this.#leave(place, { reason: "forbidden" });
    return true;
  }

  #placeOf(topic: Topic): Place {
    const known = this.#places.get(topic.name);
    if (known !== undefined) return known;
    const place: Place = { topic, stage: "out", withdrawn: false, turn: undefined };
    this.#places.set(topic.name, place);
    return place;
  }

  #forgetUnused({ topic, stage, turn }: Place): void {
    if (stage === "out" && turn === undefined) this.#places.delete(topic.name);
  }

  async #after(
    earlier: Promise<void> | undefined,
    message: ClientMessage,
    place: Place,
  ): Promise<void> {
    // Whoever asked for the earlier one is told of its failure; this one goes on.
    await earlier?.catch(() => {});
    if (this.connection.ended) return;
    if (message.type === "subscribe") await this.#subscribe(message, place);
    else this.#leave(place, { id: message.id });
  }

  async #subscribe(message: SubscribeRequest, place: Place): Promise<void> {
    const { maxTopics } = this.#options;
    const isNew = place.stage === "out";
    if (isNew && this.topics.length >= maxTopics) {
      return this.#refuse(message, "limit", `Too many topics: at most ${maxTopics}`);
    }
    if (isNew) place.stage = "joining";
    place.withdrawn = false; // that was before this was asked
    try {
      if (await this.#mayListen(message, place)) await this.#join(message, place);
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      const { retryAfterMs } = error;
      this.#refuse(message, "unavailable", "The topic cannot be read now; try again", {
        retryAfterMs,
      });
    } finally {
      if (place.stage === "joining") place.stage = "out";
    }
  }

  async #join(message: SubscribeRequest, place: Place): Promise<void> {
    const { since } = message;
    const onStart = (start: SubscriptionStart) => this.#begin(message, place, start);
    await this.#options.hub.subscribe(this.connection, place.topic.name, { since, onStart });
  }

  /** Answers with the start of a subscription, unless the right to it ended on the way. */
  #begin(message: SubscribeRequest, place: Place, start: SubscriptionStart): void {
    const { name } = place.topic;
    if (place.withdrawn) {
      this.#options.hub.unsubscribe(this.connection, name);
      place.stage = "out";
      return this.#forbid(message);
    }
    place.stage = "in";
    this.connection.send({ type: "subscribed", topic: name, id: message.id, ...start });
  }

  #leave(place: Place, more: Pick<UnsubscribedMessage, "id" | "reason">): void {
    const { name: topic } = place.topic;
    place.stage = "out";
    this.#forgetUnused(place);
    this.#options.hub.unsubscribe(this.connection, topic);
    this.connection.send({ type: "unsubscribed", topic, ...more });
  }

  /** Asks the authority; answers the client itself if that says anything but yes. */
  async #mayListen(message: ClientMessage, place: Place): Promise<boolean> {
    const { authority } = this.#options;
    const { cookie } = this.connection;
    if (authority === undefined) return true;
    const answer: Authorisation = cookie === null
      ? { kind: "forbidden" }
      : await authority.authorise(cookie, place.topic);
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
        if (place.stage === "in") this.#leave(place, { reason: "forbidden" });
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
