/**
 * A stand-in for Directus in a thread of its own, so that it takes as long as it is told to and no
 * longer, however busy the clients are.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { createDirectusStandIn } from "../directus/stand_in.ts";

/** What the stand-in is told first. */
export interface DirectusOrder {
  /** How long each answer takes, in milliseconds. */
  readonly delayMs: number;
  /** How many sessions to open, each of a user of its own. */
  readonly sessions: number;
}

/** What it answers, once it listens. */
export interface DirectusReady {
  /** Where it listens. */
  readonly url: string;
  /** The sessions' pairs for a `Cookie` header. */
  readonly cookies: readonly string[];
}

/** What it answers to anything it is told after that. */
export interface DirectusReport {
  /** How often it was asked who a session is. */
  readonly users: number;
  /** How often it was asked for an item or a list. */
  readonly items: number;
  /** How many calls it had at once, at most. */
  readonly mostInFlight: number;
}

function start({ delayMs, sessions }: DirectusOrder): void {
  const ids = Array.from({ length: sessions }, (_, index) => `user-${index}`);
  const directus = createDirectusStandIn({
    users: ids.map((id) => ({ id, email: `${id}@example.com`, password: "demo" })),
    collections: [{ name: "events", items: [{ id: 1 }], readers: ids }],
    delayMs,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => directus.handle(request),
  );
  self.onmessage = () => {
    const users = directus.count("GET /users/me");
    const { calls, mostInFlight } = directus;
    const report: DirectusReport = { users, items: calls.length - users, mostInFlight };
    self.postMessage(report);
  };
  const ready: DirectusReady = {
    url: `http://127.0.0.1:${server.addr.port}`,
    cookies: ids.map((id) => directus.session(id)),
  };
  self.postMessage(ready);
}

self.onmessage = ({ data }: MessageEvent<DirectusOrder>) => start(data);
