/**
 * One client's subscription to one topic or view.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { BrokerUnavailable } from "../domain/broker.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type { SubscribeRequest, TopicRequest, UnsubscribedMessage } from "../domain/messages.ts";
import type { Hub, SubscriptionStart } from "../hub/hub.ts";
import { type Admission, FORBIDDEN, type Refusal, refuse, RIGHTS_CHANGED } from "./admission.ts";
import { SESSION_ENDED_REASON } from "./session_checker.ts";

/** Decides whether a client may subscribe. */
export type Admit = () => Promise<Admission | Refusal>;

/** What a subscription needs. */
export interface ClientSubscriptionOptions {
  /** The client's connection. */
  readonly connection: Connection;
  /** Knows topics and their subscribers. */
  readonly hub: Hub;
  /** Decides whether the client may subscribe. */
  readonly admit: Admit;
  /** Topics and views per connection. */
  readonly maxTopics: number;
  /** Returns the number of topics and views that count towards the limit. */
  readonly count: () => number;
}

/**
 * Handles the messages about one topic or view in their order, one at a time. Messages about different
 * topics do not wait for each other.
 *
 * It is `unsubscribed` at first, `subscribing` during admission and until the hub has subscribed it, and
 * `subscribed` from the answer to the client until the subscription ends.
 */
export class ClientSubscription {
  readonly #options: ClientSubscriptionOptions;
  #state: "unsubscribed" | "subscribing" | "subscribed" = "unsubscribed";
  /** The admission of the client while it is subscribed. */
  #admission: Admission | undefined;
  /** Why the right was withdrawn while a message was in progress; `undefined` if it was not. */
  #withdrawn: UnsubscribedMessage["reason"] | undefined;
  /** The handling of the newest message; `undefined` while none is in progress. */
  #newest: Promise<void> | undefined;

  /** Creates a subscription that has not begun. */
  constructor(options: ClientSubscriptionOptions) {
    this.#options = options;
  }

  /** Name of the topic; `undefined` while the client is not subscribed. */
  get topic(): string | undefined {
    return this.#admission?.topic;
  }

  /** Whether it counts towards the limit. */
  get isActive(): boolean {
    return this.#state !== "unsubscribed";
  }

  /** Whether it has no state, so that it can be dropped. */
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
        this.#withdrawn = undefined;
      }
    }
  }

  /**
   * Ends the subscription because the right to it was withdrawn. A message in progress is refused,
   * even if it was admitted before.
   *
   * @returns Whether the client was subscribed.
   */
  withdraw(reason: "forbidden" | "changed" = "forbidden"): boolean {
    if (this.#newest !== undefined) this.#withdrawn = reason;
    if (this.#state !== "subscribed") return false;
    this.#unsubscribe(this.topic, { reason });
    return true;
  }

  /** Ends the subscription because the connection has ended. */
  end(): void {
    this.#leave();
  }

  async #handleAfter(earlier: Promise<void> | undefined, message: TopicRequest): Promise<void> {
    await earlier?.catch(() => {}); // its own caller reports the failure
    if (this.#options.connection.ended) return;
    if (message.type === "subscribe") await this.#subscribe(message);
    else this.#unsubscribe(message.topic, { id: message.id });
  }

  async #subscribe(message: SubscribeRequest): Promise<void> {
    const { maxTopics, count } = this.#options;
    if (this.#state === "unsubscribed") {
      if (count() >= maxTopics) {
        const text = `Too many topics: at most ${maxTopics}`;
        return this.#refuse(message, { kind: "refused", code: "limit", message: text });
      }
      this.#state = "subscribing";
    }
    this.#withdrawn = undefined; // earlier withdrawals do not concern this message
    try {
      const admission = await this.#options.admit();
      if (admission.kind === "admitted") await this.#start(message, admission);
      else this.#refuse(message, admission);
    } finally {
      if (this.#state === "subscribing") this.#state = "unsubscribed";
    }
  }

  async #start(message: SubscribeRequest, admission: Admission): Promise<void> {
    const { connection, hub } = this.#options;
    try {
      await hub.subscribe(connection, admission.topic, {
        since: message.since,
        onStart: (start) => this.#begin(message, admission, start),
      });
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      const { retryAfterMs } = error;
      const text = "The topic cannot be read now; try again";
      this.#refuse(message, { kind: "refused", code: "unavailable", message: text, retryAfterMs });
    } finally {
      if (this.#admission !== admission) admission.leave(); // it has not begun, or has ended already
    }
  }

  /** Sends the client the start of the subscription, unless the right was withdrawn meanwhile. */
  #begin(message: SubscribeRequest, admission: Admission, start: SubscriptionStart): void {
    const { connection, hub } = this.#options;
    const { topic } = admission;
    if (this.#withdrawn !== undefined) {
      hub.unsubscribe(connection, topic);
      return this.#refuse(message, this.#withdrawn === "changed" ? RIGHTS_CHANGED : FORBIDDEN);
    }
    const former = this.#admission;
    this.#admission = admission;
    this.#state = "subscribed";
    former?.leave();
    if (former !== undefined && former.topic !== topic) hub.unsubscribe(connection, former.topic);
    connection.send({ type: "subscribed", topic, id: message.id, ...start });
  }

  #unsubscribe(
    topic: string | undefined,
    more: Pick<UnsubscribedMessage, "id" | "reason">,
  ): void {
    this.#leave();
    this.#options.connection.send({ type: "unsubscribed", topic: topic ?? "", ...more });
  }

  #leave(): void {
    const { connection, hub } = this.#options;
    const admission = this.#admission;
    this.#admission = undefined;
    this.#state = "unsubscribed";
    if (admission === undefined) return;
    hub.unsubscribe(connection, admission.topic);
    admission.leave();
  }

  /** Sends the client the refusal. If the topic is forbidden, an earlier subscription to it ends. */
  #refuse(message: SubscribeRequest, refusal: Refusal): void {
    const { connection } = this.#options;
    refuse(connection, message, refusal);
    if (refusal.isSessionOver) {
      connection.end(CloseCode.SessionEnded, SESSION_ENDED_REASON);
    } else if (refusal.code === "forbidden" && this.#state === "subscribed") {
      this.#unsubscribe(this.topic, { reason: "forbidden" });
    }
  }
}
