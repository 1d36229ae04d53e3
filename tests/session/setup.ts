/**
 * A session on a real hub, with an authority that answers when the test says so.
 *
 * @module
 */

import { unreachable } from "@std/assert";
import type { Connection } from "../../live/connection/connection.ts";
import type { Authentication, Authorisation, Authority } from "../../live/domain/authority.ts";
import type { Credential } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import type { Topic } from "../../live/domain/topic.ts";
import { Revalidator } from "../../live/session/revalidator.ts";
import { createSessions, type Session } from "../../live/session/session.ts";
import { HubSetup } from "../hub/setup.ts";
import { createClient, type FakeSocket } from "../support/fake_client.ts";

/** The cookie of every session. */
export const COOKIE: SessionCookie = new SessionCookie("directus_session_token", "secret");

/** The answer if the authority cannot be asked. */
export const UNAVAILABLE = { kind: "unavailable", reason: "timeout", retryAfterMs: 250 } as const;

/** An authority whose questions wait until the test answers them. */
export class HeldAuthority implements Authority {
  /** Cookie and topic of each question, in order. */
  readonly asked: [Credential, Topic][] = [];
  readonly #held = new Map<string, PromiseWithResolvers<Authorisation>[]>();

  authenticate(): Promise<Authentication> {
    unreachable();
  }

  authorise(credential: Credential, topic: Topic): Promise<Authorisation> {
    const question = Promise.withResolvers<Authorisation>();
    this.asked.push([credential, topic]);
    this.#held.set(topic.name, [...this.#held.get(topic.name) ?? [], question]);
    return question.promise;
  }

  /** Answers the oldest question about a topic. */
  answer(name: string, answer: Authorisation | "allowed" | "forbidden" | "unauthorized"): void {
    this.#take(name).resolve(typeof answer === "string" ? { kind: answer } : answer);
  }

  /** Fails the oldest question about a topic. */
  fail(name: string, error: Error): void {
    this.#take(name).reject(error);
  }

  #take(name: string): PromiseWithResolvers<Authorisation> {
    return this.#held.get(name)?.shift() ?? unreachable(`no question about ${name}`);
  }
}

/** What may differ from test to test. */
export interface SessionSetupOptions {
  /** Topics per connection. @default {128} */
  readonly maxTopics?: number;
  /** Whether there is an authority. @default {false} */
  readonly hasAuthority?: boolean;
  /** The session's cookie. @default {COOKIE} */
  readonly cookie?: SessionCookie | null;
}

/** A session and its surroundings. */
export class SessionSetup implements AsyncDisposable {
  readonly hub: HubSetup = new HubSetup();
  readonly authority: HeldAuthority = new HeldAuthority();
  /** Monitors the session, and never checks it on its own. */
  readonly revalidator: Revalidator;
  readonly connection: Connection;
  readonly socket: FakeSocket;
  readonly session: Session;

  /** Creates the session of a new connection. */
  constructor(options: SessionSetupOptions = {}) {
    const { maxTopics = 128, hasAuthority = false, cookie = COOKIE } = options;
    const { authority, hub } = this;
    const { connection, socket } = createClient({
      credential: cookie,
      metrics: hub.metrics,
      onEnd: () => this.session.end(),
    });
    this.connection = connection;
    this.socket = socket;
    this.revalidator = new Revalidator({ authority, intervalMs: 0 });
    this.session = createSessions({
      hub: hub.hub,
      authority: hasAuthority ? authority : undefined,
      maxTopics,
      revalidator: this.revalidator,
    })(connection);
  }

  /** Sends `subscribe`. */
  async subscribe(topic: string, id?: string): Promise<void> {
    await this.session.handle({ type: "subscribe", topic, id });
  }

  /** Sends `subscribe`, and has the authority answer, by default `allowed`. */
  async ask(
    topic: string,
    answer?: Parameters<HeldAuthority["answer"]>[1],
    id?: string,
  ): Promise<void> {
    const handled = this.subscribe(topic, id);
    await Promise.resolve();
    this.authority.answer(topic, answer ?? "allowed");
    await handled;
  }

  /** Sends `unsubscribe`. */
  async unsubscribe(topic: string, id?: string): Promise<void> {
    await this.session.handle({ type: "unsubscribe", topic, id });
  }

  /** Withdraws the right to a topic; returns whether the session was subscribed to it. */
  withdraw(topic: string): boolean {
    return this.revalidator.connections[0]?.withdraw(topic) ?? unreachable("not monitored");
  }

  /** The messages that were sent, each as its type, topic, code, reason and id. */
  get outline(): string[] {
    return this.socket.frames.flatMap((frame) => JSON.parse(frame))
      .map(({ type, topic, code, reason, id }) =>
        [type, topic, code, reason, id].filter((part) => part !== undefined).join(" ")
      );
  }

  /** Number of topics and subscriptions that the hub has. */
  get counts(): [topics: number, subscriptions: number] {
    const { topics, subscriptions } = this.hub.metrics.gauges;
    return [topics, subscriptions];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]();
  }
}
