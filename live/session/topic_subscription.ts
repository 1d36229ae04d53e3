/**
 * One client's subscription to one topic.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { Authorisation, Authority } from "../domain/authority.ts";
import { BrokerUnavailable } from "../domain/broker.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type {
  ErrorCode,
  ErrorMessage,
  SubscribeRequest,
  TopicRequest,
  UnsubscribedMessage,
} from "../domain/messages.ts";
import type { Topic } from "../domain/topic.ts";
import type { Hub, SubscriptionStart } from "../hub/hub.ts";
import { SESSION_ENDED_REASON } from "./session_checker.ts";

/** What a subscription needs. */
export interface TopicSubscriptionOptions {
  /** The client's connection. */
  readonly connection: Connection;
  /** Knows topics and their subscribers. */
  readonly hub: Hub;
  /** Decides whether the client may subscribe. @default {none: it may} */
  readonly authority: Authority | undefined;
  /** Topics per connection. */
  readonly maxTopics: number;
  /** Returns the number of topics that count towards the limit. */
  readonly topicCount: () => number;
}

/** When a client may be back with a fresh cookie, in milliseconds. */
const FRESH_COOKIE_MS = 1_000;

/**
 * Handles the messages about one topic in their order, one at a time. Messages about different
 * topics do not wait for each other.
 *
 * It is `unsubscribed` at first, `subscribing` while the authority and the hub are asked, and
 * `subscribed` from the answer to the client until the subscription ends.
 */
export class TopicSubscription {
  /** The topic. */
  readonly topic: Topic;
  readonly #options: TopicSubscriptionOptions;
  #state: "unsubscribed" | "subscribing" | "subscribed" = "unsubscribed";
  /** Whether the right to the topic was withdrawn while a message was in progress. */
  #withdrawn = false;
  /** The handling of the newest message; `undefined` while none is in progress. */
  #newest: Promise<void> | undefined;

  /** Creates a subscription that has not begun. */
  constructor(topic: Topic, options: TopicSubscriptionOptions) {
    this.topic = topic;
    this.#options = options;
  }

  /** Whether it counts towards the limit of topics. */
  get isActive(): boolean {
    return this.#state !== "unsubscribed";
  }

  /** Whether there is nothing to remember about it. */
  get isIdle(): boolean {
    return !this.isActive && this.#newest === undefined;
  }

  /** Handles a message once the earlier ones are handled. */
  async handle(message: TopicRequest): Promise<void> {
    const handling = this.#handleAfter(this.#newest, message);
    this.#newest = handling;
    try {
      await handling;
    } finally {
      if (this.#newest === handling) {
        this.#newest = undefined;
        this.#withdrawn = false;
      }
    }
  }

  /**
   * Ends the subscription because the right to it was withdrawn. A message in progress is refused,
   * even if the authority allowed it before.
   *
   * @returns Whether the client was subscribed.
   */
  withdraw(): boolean {
    if (this.#newest !== undefined) this.#withdrawn = true;
    if (this.#state !== "subscribed") return false;
    this.#unsubscribe({ reason: "forbidden" });
    return true;
  }

  /** Ends the subscription because the connection has ended. */
  end(): void {
    if (this.#state !== "subscribed") return;
    this.#options.hub.unsubscribe(this.#options.connection, this.topic.name);
  }

  async #handleAfter(earlier: Promise<void> | undefined, message: TopicRequest): Promise<void> {
    await earlier?.catch(() => {}); // its own caller reports the failure
    if (this.#options.connection.ended) return;
    if (message.type === "subscribe") await this.#subscribe(message);
    else this.#unsubscribe({ id: message.id });
  }

  async #subscribe(message: SubscribeRequest): Promise<void> {
    const { maxTopics, topicCount } = this.#options;
    if (this.#state === "unsubscribed") {
      if (topicCount() >= maxTopics) {
        return this.#refuse(message, "limit", `Too many topics: at most ${maxTopics}`);
      }
      this.#state = "subscribing";
    }
    this.#withdrawn = false; // only what is withdrawn from now on concerns this message
    try {
      if (await this.#isAllowed(message)) await this.#start(message);
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      const { retryAfterMs } = error;
      this.#refuse(message, "unavailable", "The topic cannot be read now; try again", {
        retryAfterMs,
      });
    } finally {
      if (this.#state === "subscribing") this.#state = "unsubscribed";
    }
  }

  async #start(message: SubscribeRequest): Promise<void> {
    const { connection, hub } = this.#options;
    await hub.subscribe(connection, this.topic.name, {
      since: message.since,
      onStart: (start) => this.#begin(message, start),
    });
  }

  /** Tells the client where the subscription starts, unless the right to it was just withdrawn. */
  #begin(message: SubscribeRequest, start: SubscriptionStart): void {
    const { connection, hub } = this.#options;
    const { name } = this.topic;
    if (this.#withdrawn) {
      hub.unsubscribe(connection, name);
      this.#state = "unsubscribed";
      return this.#forbid(message);
    }
    this.#state = "subscribed";
    connection.send({ type: "subscribed", topic: name, id: message.id, ...start });
  }

  #unsubscribe(more: Pick<UnsubscribedMessage, "id" | "reason">): void {
    const { connection, hub } = this.#options;
    const { name } = this.topic;
    this.#state = "unsubscribed";
    hub.unsubscribe(connection, name);
    connection.send({ type: "unsubscribed", topic: name, ...more });
  }

  /** Asks the authority; tells the client if it does not allow the topic. */
  async #isAllowed(message: TopicRequest): Promise<boolean> {
    const { authority, connection } = this.#options;
    if (authority === undefined) return true;
    const answer: Authorisation = connection.cookie === null
      ? { kind: "forbidden" }
      : await authority.authorise(connection.cookie, this.topic);
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
        if (this.#state === "subscribed") this.#unsubscribe({ reason: "forbidden" });
        return false;
      case "unauthorized":
        // Not a denial of the topic: the user may come back with a fresh cookie.
        this.#refuse(message, "forbidden", "The session is no longer good", {
          retryAfterMs: FRESH_COOKIE_MS,
        });
        connection.end(CloseCode.SessionEnded, SESSION_ENDED_REASON);
        return false;
    }
  }

  #forbid(message: TopicRequest): void {
    this.#refuse(message, "forbidden", "Not allowed to listen to this topic");
  }

  #refuse(
    request: TopicRequest,
    code: ErrorCode,
    message: string,
    more?: Pick<ErrorMessage, "retryAfterMs">,
  ): void {
    refuse(this.#options.connection, request, code, message, more);
  }
}

/** Tells the client that its request was refused. */
export function refuse(
  connection: Connection,
  { id, topic }: TopicRequest,
  code: ErrorCode,
  message: string,
  more: Pick<ErrorMessage, "retryAfterMs"> = {},
): void {
  connection.send({ type: "error", code, message, id, topic, ...more });
}
