/**
 * A session on a real hub, with an authority that answers when a test says so.
 *
 * @module
 */

import { unreachable } from "@std/assert";
import type { Connection } from "../../live/connection/connection.ts";
import type { Authentication, Authorisation, Authority } from "../../live/domain/authority.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import type { Topic } from "../../live/domain/topic.ts";
import { Revalidator } from "../../live/session/revalidator.ts";
import { createSessions, type Session } from "../../live/session/session.ts";
import { Bench } from "../hub/setup.ts";
import { createClient, type FakeSocket } from "../hub/fakes.ts";

/** The cookie of every session here. */
export const COOKIE: SessionCookie = new SessionCookie("directus_session_token", "secret");

/** An authority that is asked, and keeps it waiting. */
export class FakeAuthority implements Authority {
  /** The cookie and topic of each question, in order. */
  readonly asked: [SessionCookie, Topic][] = [];
  readonly #open = new Map<string, PromiseWithResolvers<Authorisation>[]>();

  authenticate(): Promise<Authentication> {
    unreachable();
  }

  authorise(cookie: SessionCookie, topic: Topic): Promise<Authorisation> {
    const question = Promise.withResolvers<Authorisation>();
    this.asked.push([cookie, topic]);
    this.#open.set(topic.name, [...this.#open.get(topic.name) ?? [], question]);
    return question.promise;
  }

  /** Answers the oldest open question about a topic; `undefined` if there is none. */
  answer(name: string, answer: Authorisation | "allowed" | "forbidden" | "unauthorized"): void {
    const kind = typeof answer === "string" ? { kind: answer } : answer;
    this.#take(name).resolve(kind);
  }

  /** Fails the oldest open question about a topic. */
  fail(name: string, error: Error): void {
    this.#take(name).reject(error);
  }

  #take(name: string): PromiseWithResolvers<Authorisation> {
    return this.#open.get(name)?.shift() ?? unreachable(`nobody asked about ${name}`);
  }
}

/** What a test of sessions works with. */
export interface SessionBench extends AsyncDisposable {
  readonly bench: Bench;
  readonly authority: FakeAuthority;
  readonly connection: Connection;
  readonly socket: FakeSocket;
  readonly session: Session;
  /** The guard that knows the session, and never asks by itself. */
  readonly guard: Revalidator;
  /** Takes a topic away, as a guard does; returns whether the session had it. */
  withdraw(topic: string): boolean;
  /** Has the session handle a subscription to a topic. */
  subscribe(topic: string, id?: string): Promise<void>;
  /** Has the session handle the end of a subscription. */
  unsubscribe(topic: string, id?: string): Promise<void>;
}

/** What may differ from session to session. */
export interface SessionBenchOptions {
  /** Topics that the connection may have. @default {128} */
  readonly maxTopics?: number;
  /** Whether the authority is asked; otherwise there is none. @default {false} */
  readonly asks?: boolean;
  /** The session's cookie. @default {COOKIE} */
  readonly cookie?: SessionCookie | null;
}

/** Creates a session. */
export function createSessionBench(options: SessionBenchOptions = {}): SessionBench {
  const { maxTopics = 128, asks = false, cookie = COOKIE } = options;
  const bench = new Bench();
  const authority = new FakeAuthority();
  const { connection, socket } = createClient({
    cookie,
    metrics: bench.metrics,
    onEnd: () => session.end(),
  });
  const guard = new Revalidator({ authority, intervalMs: 0 });
  const create = createSessions({
    guard,
    hub: bench.hub,
    authority: asks ? authority : undefined,
    maxTopics,
  });
  const session = create(connection);
  return {
    bench,
    authority,
    connection,
    socket,
    session,
    guard,
    withdraw: (topic) => guard.members[0]?.withdraw(topic) ?? unreachable("the guard lost it"),
    subscribe: async (topic, id) => await session.handle({ type: "subscribe", topic, id }),
    unsubscribe: async (topic, id) => await session.handle({ type: "unsubscribe", topic, id }),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

/** Returns, of each frame that was sent, what came of it: its type, reason or code, and id. */
export function outline({ frames }: FakeSocket): string[] {
  return frames.flatMap((frame) => JSON.parse(frame)).map(({ type, topic, code, reason, id }) =>
    [type, topic, code, reason, id].filter((part) => part !== undefined).join(" ")
  );
}
