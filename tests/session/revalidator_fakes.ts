/**
 * What the tests of the guard share: sessions without a client, and answers that a test gives.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import type { Authentication, Authorisation } from "../../live/domain/authority.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { parseTopic, type Topic } from "../../live/domain/topic.ts";
import { Revalidator } from "../../live/session/revalidator.ts";
import type { MonitoredSession } from "../../live/session/revalidation.ts";
import { createClient, type FakeSocket } from "../hub/fakes.ts";
import { type FakeAuthority, fakeAuthority, userOf } from "../support/authorities.ts";
import { RecordingLogger, RecordingMetrics } from "../support/recorders.ts";

/** How often a session is asked about, unless a test says otherwise, in milliseconds. */
export const INTERVAL_MS = 60_000;

/** Why nobody can be asked. */
export const UNAVAILABLE = { kind: "unavailable", reason: "it rains", retryAfterMs: 1 } as const;

/** A connection in a guard's care. */
export interface Member extends MonitoredSession {
  /** Its socket. */
  readonly socket: FakeSocket;
  /** Topics that were taken from it. */
  readonly withdrawn: string[];
}

/** A guard on a clock that a test moves. */
export class GuardSetup implements Disposable {
  /** The clock. */
  readonly time: FakeTime = new FakeTime(0);
  /** What was counted. */
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  /** What was logged. */
  readonly logger: RecordingLogger = new RecordingLogger();
  /** Answers that go before a yes: by `ada`, or by `ada event:1`. */
  readonly answers: Map<string, unknown> = new Map();
  /** How much the guard's clock is behind that of its timers, in milliseconds. */
  lateMs = 0;
  /** Who is asked. */
  readonly authority: FakeAuthority;
  /** The guard. */
  readonly guard: Revalidator;

  /** Creates a guard that knows nobody. */
  constructor(intervalMs = INTERVAL_MS) {
    const { metrics, logger } = this;
    this.authority = fakeAuthority({
      authenticate: (cookie) => {
        const name = cookie.header().replace(/.*=/, "");
        const answer = this.answers.get(name) ?? { kind: "authenticated", user: userOf(name) };
        return Promise.resolve(answer as Authentication);
      },
      authorise: (cookie, { name }) => {
        const key = `${cookie.header().replace(/.*=/, "")} ${name}`;
        return Promise.resolve((this.answers.get(key) ?? { kind: "allowed" }) as Authorisation);
      },
    });
    const { authority } = this;
    const now = () => this.time.now - this.lateMs;
    this.guard = new Revalidator({ authority, intervalMs, metrics, logger, now });
  }

  /** Adds a connection of a session, which is that of the user of the same name, or of nobody. */
  add(session: string | null, ...topics: readonly string[]): Member {
    const { connection, socket } = createClient({
      user: session === null ? null : userOf(session),
      cookie: session === null ? null : new SessionCookie("session", session),
      onEnd: () => this.guard.remove(member),
    });
    const left = new Map(topics.map((name) => [name, parseTopic(name) as Topic]));
    const withdrawn: string[] = [];
    const member: Member = {
      connection,
      socket,
      withdrawn,
      get topics() {
        return [...left.values()];
      },
      withdraw(name) {
        if (!left.delete(name)) return false;
        withdrawn.push(name);
        return true;
      },
    };
    this.guard.add(member);
    return member;
  }

  /** Moves the clock on, and lets what follows happen. */
  async pass(ms = INTERVAL_MS): Promise<void> {
    this.time.tick(ms);
    await this.time.runMicrotasks();
  }

  /** Brings the real clock back. */
  [Symbol.dispose](): void {
    this.time.restore();
  }
}
