/**
 * A revalidator, and connections whose subscriptions a test can see.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import type { Authentication, Authorisation } from "../../live/domain/authority.ts";
import type { Credential } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { parseTopic, type Topic } from "../../live/domain/topic.ts";
import { Revalidator } from "../../live/session/revalidator.ts";
import type { MonitoredConnection } from "../../live/session/session_checker.ts";
import { type FakeAuthority, fakeAuthority, userOf } from "../support/authorities.ts";
import { createClient, type FakeSocket } from "../support/fake_client.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";

/** How often a session is revalidated, unless a test says otherwise, in milliseconds. */
export const INTERVAL_MS = 60_000;

/** The answer if the authority cannot be asked. */
export const UNAVAILABLE = { kind: "unavailable", reason: "it rains", retryAfterMs: 1 } as const;

/** A monitored connection. */
export interface FakeConnection extends MonitoredConnection {
  /** Its socket. */
  readonly socket: FakeSocket;
  /** Topics whose right was withdrawn. */
  readonly withdrawn: string[];
}

/** A revalidator on a clock that the test moves. */
export class RevalidatorSetup implements Disposable {
  readonly time: FakeTime = new FakeTime(0);
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  readonly logger: RecordingLogger = new RecordingLogger();
  /** Answers that override a yes, by `ada` or `ada event:1`. */
  readonly answers: Map<string, unknown> = new Map();
  /** How far the revalidator's clock is behind the clock of its timers, in milliseconds. */
  lateMs = 0;
  readonly authority: FakeAuthority;
  readonly revalidator: Revalidator;

  /** Creates a revalidator that monitors nothing. */
  constructor(intervalMs = INTERVAL_MS, graceMs = 0) {
    const { metrics, logger } = this;
    this.authority = fakeAuthority({
      authenticate: async (cookie) => {
        const name = nameOf(cookie);
        const answer = await this.answers.get(name);
        return (answer ?? { kind: "authenticated", user: userOf(name) }) as Authentication;
      },
      authorise: async (cookie, { name }) => {
        const answer = await this.answers.get(`${nameOf(cookie)} ${name}`);
        return (answer ?? { kind: "allowed" }) as Authorisation;
      },
    });
    const { authority } = this;
    const now = () => this.time.now - this.lateMs;
    this.revalidator = new Revalidator({ authority, intervalMs, graceMs, metrics, logger, now });
  }

  /** Adds a connection of the session of a user, or without a session. */
  add(user: string | null, ...topics: readonly string[]): FakeConnection {
    const credential = user === null ? null : new SessionCookie("session", user);
    return this.addWith(credential, user, ...topics);
  }

  /** Adds a connection of a user with a credential. */
  addWith(
    credential: Credential | null,
    user: string | null,
    ...topics: readonly string[]
  ): FakeConnection {
    const { connection, socket } = createClient({
      user: user === null ? null : userOf(user),
      credential,
      onEnd: () => this.revalidator.remove(monitored),
    });
    const subscribed = new Map(topics.map((name) => [name, parseTopic(name) as Topic]));
    const withdrawn: string[] = [];
    const monitored: FakeConnection = {
      connection,
      socket,
      withdrawn,
      get topics() {
        return [...subscribed.values()];
      },
      withdraw(name) {
        if (!subscribed.delete(name)) return false;
        withdrawn.push(name);
        return true;
      },
    };
    this.revalidator.add(monitored);
    return monitored;
  }

  /** Moves the clock, and lets everything happen that follows. */
  async pass(ms = INTERVAL_MS): Promise<void> {
    this.time.tick(ms);
    await this.time.runMicrotasks();
  }

  /** Moves the clock in steps; returns how many questions were asked in each. */
  async passAndCount(steps: number, ms: number): Promise<number[]> {
    const counts: number[] = [];
    for (let step = 0; step < steps; step++) {
      const before = this.authority.asked.length;
      await this.pass(ms);
      counts.push(this.authority.asked.length - before);
    }
    return counts;
  }

  [Symbol.dispose](): void {
    this.time.restore();
  }
}

function nameOf(credential: Credential): string {
  return credential.requestHeader()?.[1].replace(/.*=/, "") ?? "";
}
