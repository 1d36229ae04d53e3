/**
 * Decides who may connect: every check of an upgrade request, the cheapest first.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { Registry } from "../connection/registry.ts";
import type { Authority, User } from "../domain/authority.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Credential } from "../domain/credential.ts";
import type { RefusalReason, Refusals } from "../domain/refusal_log.ts";
import type { PendingGrants } from "../domain/pending_grants.ts";
import type { Places } from "../domain/places.ts";
import { presentedCredential } from "./credentials.ts";
import { isOriginAllowed } from "./handshake.ts";
import { retryDelayMs } from "../domain/retry_delay.ts";
import type { RefusalName } from "./refusal.ts";
import { cookieNames, shownOrigin } from "./refusal_details.ts";
import { Reservations } from "./reservations.ts";

/** What admission needs. */
export interface AdmissionOptions {
  /** Identifies users. Without an authority everybody may connect, without a user. */
  readonly authority?: Authority | undefined;
  /** Name of the session cookie. */
  readonly cookieName: string;
  /** Origins whose pages may connect; `*` allows all. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Connections of all users together, with sockets that were closed and are not gone. */
  readonly maxConnections: number;
  /** Connections of one user, with sockets that were closed and are not gone. */
  readonly maxConnectionsPerUser: number;
  /** The open connections. */
  readonly registry: Registry;
  /** Places that other threads take too. @default {none: there is one thread} */
  readonly places?: Places | undefined;
  /** Handshakes in flight, so that revocations do not miss them. */
  readonly pendingGrants: PendingGrants;
  /** Counts pending upgrades. */
  readonly metrics: Metrics;
  /** Takes refusals that an operator may want to know of. */
  readonly refusals: Refusals;
  /** Logs why a session could not be checked. */
  readonly logger: Logger;
}

/** Permission to connect, and the user it was granted to. */
export interface Admitted {
  /** Tells the union's members apart. */
  readonly kind: "admitted";
  /** The session's user; `null` for a guest, and without an authority. */
  readonly user: User | null;
  /** The session's credential; `null` for a guest who has to authenticate, and without an authority. */
  readonly credential: Credential | null;
  /** Whether the user was revoked since the request arrived. */
  readonly isRevoked: () => boolean;
  /**
   * Releases the reservation that counts towards the limits until the connection is registered. Call it
   * then, or when the connection cannot open any more. A second call does nothing.
   */
  readonly releaseReservation: () => void;
  /**
   * Takes over the connection's place among all threads, before the reservation is released. Returns the
   * function to call once the socket is gone; `undefined` if the connection already had the place.
   */
  readonly keepPlace: () => (() => void) | undefined;
}

type Held = Pick<Admitted, "releaseReservation" | "keepPlace">;

/** A refusal. */
export interface Refused {
  /** Tells the union's members apart. */
  readonly kind: "refused";
  /** The reason. */
  readonly name: RefusalName;
  /** When to try again, in milliseconds, where trying again can help. */
  readonly retryAfterMs: number;
}

/** What the log shows in place of cookies' names if a token came that Directus cannot have issued. */
const UNFIT_TOKEN = "a bearer token that cannot be one of Directus";

/**
 * Checks requests, and reserves capacity for the requests that it admits. Without reservations a burst of
 * requests could exceed the limits, because the registry counts only sockets that have opened.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #reservations = new Reservations();
  /** Requests whose sessions are being checked; resolved when the server drains. */
  readonly #pending = new Set<PromiseWithResolvers<undefined>>();
  #draining = false;

  /** Creates an admission without reservations. */
  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Checks a well-formed request: draining, origin, capacity and whether it presents a credential. Only
   * then the session, which costs a call to Directus, and its user's limit.
   *
   * @param guest The credential of a request without one: {@linkcode PUBLIC}, or `null` if the client
   * authenticates later. @default {such a request is refused}
   */
  async admit(request: Request, guest?: Credential | null): Promise<Admitted | Refused> {
    const refusal = this.check(request);
    if (refusal !== undefined) return refusal;
    const { authority, cookieName } = this.#options;
    if (authority === undefined) return await this.admitGuest(guest ?? null);
    const presented = presentedCredential(request, cookieName);
    if (presented === "none" && guest !== undefined) return await this.admitGuest(guest);
    if (presented === "ambiguous") return refused("malformed");
    if (presented === "none" || presented === "unfit") {
      const names = presented === "unfit" ? [UNFIT_TOKEN] : cookieNames(request, cookieName);
      return this.#refuse("unauthorized", "cookie", ...names);
    }
    return await this.authenticate(authority, presented);
  }

  /**
   * Makes the checks that do not depend on the user. Returns the refusal, or `undefined` if the request
   * passes.
   */
  check(request: Request): Refused | undefined {
    const { registry, places, allowedOrigins, maxConnections } = this.#options;
    if (this.#draining) return refused("draining");
    if (!isOriginAllowed(request, allowedOrigins)) {
      return this.#refuse("origin", "origin", shownOrigin(request));
    }
    const isFull = registry.sockets + this.#reservations.total >= maxConnections ||
      places?.isFull === true;
    return isFull ? this.#refuse("capacity", "capacity") : undefined;
  }

  /**
   * Checks a credential: whether its session is valid, and the limit of its user. The reservation of an
   * admitted user counts towards the limits until it is released.
   *
   * @param connection The connection of a client that is already connected, and so already counts.
   */
  async authenticate(
    authority: Authority,
    credential: Credential,
    connection?: Pick<Connection, "user">,
  ): Promise<Admitted | Refused> {
    const releaseReservation = this.#reservations.make(null);
    const grant = this.#options.pendingGrants.begin();
    let admitted: Admitted | undefined;
    const drained = Promise.withResolvers<undefined>();
    this.#pending.add(drained);
    this.#countPending();
    try {
      const answer = await Promise.race([authority.authenticate(credential), drained.promise]);
      if (answer === undefined || this.#draining) return refused("draining");
      if (answer.kind === "unauthorized") return this.#refuse("unauthorized", "session");
      if (answer.kind === "unavailable") {
        const { reason, retryAfterMs } = answer;
        this.#options.logger.debug("session could not be checked", { reason });
        return refused("unavailable", retryAfterMs);
      }
      const { user } = answer;
      const isRenewal = connection?.user?.id === user.id;
      if (!isRenewal && this.#isOver(user)) return this.#refuse("user-limit", "user-limit");
      const end = () => grant.end();
      const held = isRenewal
        ? { releaseReservation: end, keepPlace: () => undefined }
        : await this.#hold(user, end, connection !== undefined);
      if ("kind" in held) return held;
      const isRevoked = () => grant.isRevoked(user);
      return admitted = { kind: "admitted", user, credential, isRevoked, ...held };
    } finally {
      if (admitted === undefined) grant.end();
      this.#pending.delete(drained);
      this.#countPending();
      releaseReservation();
    }
  }

  /**
   * Admits a client without a user.
   *
   * @param isExchange Whether it is connected, and gives up the place of a user.
   */
  async admitGuest(
    credential: Credential | null,
    isExchange = false,
  ): Promise<Admitted | Refused> {
    const held = await this.#hold(null, () => {}, isExchange);
    if ("kind" in held) return held;
    return { kind: "admitted", user: null, credential, isRevoked: () => false, ...held };
  }

  /** Refuses every request from now on, and also the requests whose sessions are being checked. */
  drain(): void {
    this.#draining = true;
    for (const { resolve } of this.#pending) resolve(undefined);
  }

  /** Refuses a request, and notes it for the operator. */
  #refuse(name: RefusalName, reason: RefusalReason, ...details: readonly string[]): Refused {
    this.#options.refusals.note(reason, ...details);
    return refused(name);
  }

  /** Reserves capacity, first in this thread and then among all threads, which takes a moment. */
  async #hold(user: User | null, end: () => void, isExchange = false): Promise<Held | Refused> {
    const release = this.#reservations.make(user);
    const place = await this.#options.places?.take(user?.id ?? null, isExchange);
    if (typeof place === "string" || (place !== undefined && this.#draining)) {
      release();
      if (typeof place === "string") return this.#refuse(place, place);
      place.leave();
      return refused("draining");
    }
    let isKept = false;
    return {
      releaseReservation() {
        release();
        end();
        if (!isKept) place?.leave(); // it never opened
      },
      keepPlace() {
        isKept = true;
        return () => place?.leave();
      },
    };
  }

  #isOver({ id }: User): boolean {
    const { registry, maxConnectionsPerUser } = this.#options;
    return registry.socketsOf(id) + this.#reservations.of(id) >= maxConnectionsPerUser;
  }

  #countPending(): void {
    this.#options.metrics.pendingUpgrades(this.#pending.size);
  }
}

function refused(name: RefusalName, retryAfterMs: number = retryDelayMs()): Refused {
  return { kind: "refused", name, retryAfterMs };
}
