/**
 * Who may connect: every check of an upgrade request, the cheapest first.
 *
 * @module
 */

import type { Authority, User } from "../domain/authority.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { SessionCookie } from "../domain/session_cookie.ts";
import type { Registry } from "../connection/registry.ts";
import { isOriginAllowed, sessionCookie } from "./handshake.ts";
import { retryDelayMs } from "../domain/retry_delay.ts";
import type { RefusalName } from "./refusal.ts";

/** What the checks need. */
export interface AdmissionOptions {
  /** Says who a session is; without one everybody may connect, as nobody. */
  readonly authority?: Authority | undefined;
  /** Name of the session cookie. */
  readonly cookieName: string;
  /** Origins whose pages may connect; `*` allows all. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Connections in all. */
  readonly maxConnections: number;
  /** Connections of one user. */
  readonly maxConnectionsPerUser: number;
  /** Knows the connections there are. */
  readonly registry: Registry;
  /** Whether the server is draining. */
  readonly draining: () => boolean;
  /** Counts requests that are being checked. */
  readonly metrics: Metrics;
  /** Told why Directus could not be asked. */
  readonly logger: Logger;
}

/** Leave to upgrade, as somebody. */
export interface Admitted {
  /** Tells the union's members apart. */
  readonly kind: "admitted";
  /** Whose session it is; `null` without an authority. */
  readonly user: User | null;
  /** The session's cookie; `null` without an authority. */
  readonly cookie: SessionCookie | null;
  /**
   * Gives up the place that was kept for the connection. Called when it is registered, or when
   * it turns out that it never will be; calling it again does nothing.
   */
  readonly release: () => void;
}

/** No leave, for now or for good. */
export interface Refused {
  /** Tells the union's members apart. */
  readonly kind: "refused";
  /** Why. */
  readonly name: RefusalName;
  /** When to come back, in milliseconds, if that makes sense. */
  readonly retryAfterMs: number;
}

/** Places kept for requests that were begun; the registry counts only sockets that are open. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #placesOfUsers = new Map<string, number>();
  #places = 0;
  #pending = 0;

  /** Creates the checks. */
  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Checks a well-formed upgrade request: draining, origin, capacity, cookie, and only then, as
   * that costs Directus something, the session and its user's limit.
   */
  async admit(request: Request): Promise<Admitted | Refused> {
    const { authority, registry, allowedOrigins, maxConnections, cookieName } = this.#options;
    if (this.#options.draining()) return refused("draining");
    if (!isOriginAllowed(request, allowedOrigins)) return refused("origin");
    if (registry.size + this.#places >= maxConnections) return refused("capacity");
    if (authority === undefined) {
      return { kind: "admitted", user: null, cookie: null, release: this.#keepPlace(null) };
    }
    const cookie = sessionCookie(request, cookieName);
    if (cookie === undefined) return refused("unauthorized");
    return await this.#authenticate(authority, cookie);
  }

  async #authenticate(authority: Authority, cookie: SessionCookie): Promise<Admitted | Refused> {
    const release = this.#keepPlace(null);
    this.#countPending(1);
    try {
      const answer = await authority.authenticate(cookie);
      if (answer.kind === "unauthorized") return refused("unauthorized");
      if (answer.kind === "unavailable") {
        const { reason, retryAfterMs } = answer;
        this.#options.logger.debug("session could not be checked", { reason });
        return refused("unavailable", retryAfterMs);
      }
      if (this.#options.draining()) return refused("draining");
      const { user } = answer;
      if (this.#countOf(user) >= this.#options.maxConnectionsPerUser) return refused("user-limit");
      return { kind: "admitted", user, cookie, release: this.#keepPlace(user) };
    } finally {
      this.#countPending(-1);
      release();
    }
  }

  #countOf({ id }: User): number {
    return this.#options.registry.countOf(id) + (this.#placesOfUsers.get(id) ?? 0);
  }

  /** Keeps a place; the function returned gives it up, once. */
  #keepPlace(user: User | null): () => void {
    let kept = true;
    this.#changePlaces(user, 1);
    return () => {
      if (kept) this.#changePlaces(user, -1);
      kept = false;
    };
  }

  #changePlaces(user: User | null, change: number): void {
    this.#places += change;
    if (user === null) return;
    const count = (this.#placesOfUsers.get(user.id) ?? 0) + change;
    if (count === 0) this.#placesOfUsers.delete(user.id);
    else this.#placesOfUsers.set(user.id, count);
  }

  #countPending(change: number): void {
    this.#pending += change;
    this.#options.metrics.pendingUpgrades(this.#pending);
  }
}

function refused(name: RefusalName, retryAfterMs: number = retryDelayMs()): Refused {
  return { kind: "refused", name, retryAfterMs };
}
