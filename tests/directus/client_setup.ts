/**
 * A client of Directus whose calls the test answers.
 *
 * @module
 */

import { assert } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  type CallLane,
  createDirectusClient,
  type DirectusClient,
} from "../../live/directus/directus_client.ts";
import type { SessionCookie } from "../../live/domain/session_cookie.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import { anyCookie } from "./setup.ts";

/** How long a call may take, in milliseconds. */
export const TIMEOUT_MS = 5_000;

/** How the reason begins while calls are held back. */
export const HELD_BACK = "calls to Directus are held back:";

/** A client whose calls the test answers, on a clock that the test moves; without jitter. */
export class ClientSetup implements Disposable {
  readonly time = new FakeTime();
  readonly metrics = new RecordingMetrics();
  readonly logger = new RecordingLogger();
  /** Paths that Directus was asked for, without probes. */
  readonly paths: string[] = [];
  /** Credentials of probes. */
  readonly probes: string[] = [];
  /** How Directus responds to probes. */
  probed: () => Promise<Response> = () => Promise.resolve(new Response(null, { status: 500 }));
  readonly client: DirectusClient;
  readonly #inFlight: PromiseWithResolvers<Response>[] = [];

  constructor(maxConcurrency = 2) {
    this.client = createDirectusClient({
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
  async get(path: string, cookie = anyCookie, lane: CallLane = "authentication"): Promise<string> {
    const call = await this.client.get(path, cookie, { lane });
    if (call.kind === "unavailable") return `${call.reason}; ${call.retryAfterMs}`;
    return call.response.kind === "failed" ? call.response.reason : call.response.kind;
  }

  /** Responds to the oldest call in flight, and lets what follows from that happen. */
  async respond(status: number, headers: HeadersInit = {}, body = "{}"): Promise<void> {
    const call = this.#inFlight.shift();
    assert(call, "no call is in flight");
    call.resolve(new Response(body, { status, headers }));
    await this.time.runMicrotasks();
  }

  /** Calls and responds at once. */
  async exchange(status: number, body = "{}", cookie: SessionCookie = anyCookie): Promise<string> {
    const answer = this.get("/users/me", cookie);
    await this.time.runMicrotasks();
    await this.respond(status, {}, body);
    return await answer;
  }

  /** Opens the circuit breaker, and lets the time pass for which it is open. */
  async halfOpen(): Promise<void> {
    for (let i = 0; i < 5; i++) await this.exchange(500);
    this.time.tick(1_000);
  }

  [Symbol.dispose](): void {
    this.time.restore();
  }

  readonly #fetch: typeof fetch = (input, init) => {
    const credential = new Headers(init?.headers).get("authorization");
    if (credential !== null) {
      this.probes.push(credential);
      return this.probed();
    }
    this.paths.push(new URL(String(input)).pathname);
    const call = Promise.withResolvers<Response>();
    this.#inFlight.push(call);
    init?.signal?.addEventListener("abort", () => {
      const index = this.#inFlight.indexOf(call);
      if (index >= 0) this.#inFlight.splice(index, 1); // else it has been answered
      call.reject(init.signal?.reason);
    });
    return call.promise;
  };
}
