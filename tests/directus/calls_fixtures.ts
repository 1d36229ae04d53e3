/**
 * What the tests of all calls together share.
 *
 * @module
 */

import { assert } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { type Call, createCalls } from "../../live/directus/calls.ts";
import type { SessionCookie } from "../../live/domain/session_cookie.ts";
import { RecordingLogger, RecordingMetrics } from "../support/recorders.ts";
import { anyCookie } from "./authority_fixtures.ts";

/** Upper bound of one call, in milliseconds. */
export const TIMEOUT_MS = 5_000;

/** Calls whose answers a test gives, on a clock that it moves; without jitter. */
export class Calls implements Disposable {
  /** The clock. */
  readonly time: FakeTime = new FakeTime();
  /** What was counted. */
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  /** What was logged. */
  readonly logger: RecordingLogger = new RecordingLogger();
  /** Paths that Directus was asked for. */
  readonly paths: string[] = [];
  readonly #open: PromiseWithResolvers<Response>[] = [];
  readonly #call: Call;

  /** Creates calls of which so many may be in flight. */
  constructor(maxConcurrency = 2) {
    this.#call = createCalls({
      baseUrl: "http://directus",
      timeoutMs: TIMEOUT_MS,
      maxConcurrency,
      metrics: this.metrics,
      logger: this.logger,
      fetch: this.#fetch,
      now: () => this.time.now,
      random: () => 0,
    });
  }

  /** Calls, and resolves to what came of it in a word or two. */
  async call(path: string, cookie: SessionCookie = anyCookie): Promise<string> {
    const called = await this.#call(path, cookie);
    if (called.kind === "unavailable") return `${called.reason}; ${called.retryAfterMs}`;
    const { answer } = called;
    return answer.kind === "failed" ? answer.reason : answer.kind;
  }

  /** Answers the oldest open call, and lets what follows from that happen. */
  async answer(status: number, headers: HeadersInit = {}, body = "{}"): Promise<void> {
    const call = this.#open.shift();
    assert(call, "nothing was asked");
    call.resolve(new Response(body, { status, headers }));
    await this.time.runMicrotasks();
  }

  /** Calls and answers at once. */
  async exchange(status: number, headers: HeadersInit = {}, body = "{}"): Promise<string> {
    const answer = this.call("/users/me");
    await this.time.runMicrotasks();
    await this.answer(status, headers, body);
    return await answer;
  }

  /** Brings the real clock back. */
  [Symbol.dispose](): void {
    this.time.restore();
  }

  readonly #fetch: typeof fetch = (input, init) => {
    this.paths.push(new URL(String(input)).pathname);
    const call = Promise.withResolvers<Response>();
    this.#open.push(call);
    init?.signal?.addEventListener("abort", () => {
      const index = this.#open.indexOf(call);
      if (index >= 0) this.#open.splice(index, 1);
      call.reject(init.signal?.reason);
    });
    return call.promise;
  };
}

/** The reason given while the queue is full. */
export const FULL = "too many calls to Directus wait";
/** How the reason begins while calls are held back. */
export const HELD = "calls to Directus are held back:";
