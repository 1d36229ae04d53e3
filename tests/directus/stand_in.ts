/**
 * A stand-in for Directus: the routes that the live server and the demo's page call, with the
 * responses of a real one, pitfalls included.
 *
 * @example
 * ```ts ignore
 * const directus = createDirectusStandIn({ users: [ada], collections: [events] });
 * const cookie = directus.session("ada@example.com");
 * await directus.fetch("http://directus/users/me?fields=id", { headers: { cookie } });
 * ```
 *
 * @module
 */

import {
  type AuthRoutesDeps,
  identify,
  logIn,
  logOut,
  me,
  refresh,
  refuseHolder,
} from "./stand_in/auth_routes.ts";
import { failing, type Fault } from "./stand_in/faults.ts";
import { Items, PUBLIC } from "./stand_in/items.ts";
import type { DirectusStandInOptions } from "./stand_in/options.ts";
import {
  fieldsOf,
  queryOf,
  queryOfBody,
  type StandInCall,
  type Target,
  targetOf,
} from "./stand_in/queries.ts";
import { readCookie, refusals, refuse } from "./stand_in/responses.ts";
import type { Database } from "./stand_in/database.ts";
import type { Person } from "./stand_in/rights.ts";
import { respondByRules } from "./stand_in/rule_routes.ts";
import { type SessionHolder, Sessions } from "./stand_in/sessions.ts";
import { Users } from "./stand_in/users.ts";

/** Longest `Cookie` header; longer ones get 431, as from Node's HTTP server. */
const MAX_HEADER_BYTES = 16_384;

/** Creates a stand-in. It does not listen: pass requests to its `handle()`. */
export function createDirectusStandIn(options: DirectusStandInOptions): DirectusStandIn {
  return new DirectusStandIn(options);
}

/** Responds as Directus does, and lets a test change what it responds. */
export class DirectusStandIn {
  /** All requests so far, in order of arrival. */
  readonly calls: StandInCall[] = [];
  readonly #users: Users;
  readonly #sessions: Sessions;
  readonly #items: Items;
  readonly #database: Database | undefined;
  readonly #auth: AuthRoutesDeps;
  readonly #basePath: string;
  readonly #delayMs: number;
  /** By route; `undefined` stands for all routes. */
  readonly #faults = new Map<string | undefined, Fault>();
  #inFlight = 0;
  #mostInFlight = 0;

  /** Creates a stand-in, as `createDirectusStandIn()` does. */
  constructor(options: DirectusStandInOptions) {
    const { cookieName = "directus_session_token", now = Date.now, collections = [] } = options;
    this.#basePath = options.basePath ?? "";
    this.#users = new Users(options.users);
    this.#sessions = new Sessions(now);
    this.#items = new Items(
      collections.map((collection) => ({
        ...collection,
        readers: (collection.readers ?? []).map((reader) => this.#reader(reader)),
      })),
      options.queryLimitMax,
    );
    this.#database = options.database;
    this.#delayMs = options.delayMs ?? 0;
    this.#auth = { users: this.#users, sessions: this.#sessions, cookieName };
  }

  /** Replaces `fetch`, without a network. */
  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    return await this.handle(request);
  };

  /** Responds to one request. Rejects where `fetch` would: with the faults `hung` and `down`. */
  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const target = targetOf(request.method, url, this.#basePath);
    this.calls.push({ route: target.route, url, headers: request.headers });
    this.#mostInFlight = Math.max(this.#mostInFlight, ++this.#inFlight);
    try {
      if (this.#delayMs > 0) await new Promise((done) => setTimeout(done, this.#delayMs));
      return await this.#respond(request, url, target);
    } finally {
      this.#inFlight--;
    }
  }

  async #respond(
    request: Request,
    url: URL,
    { route, collection, id }: Target,
  ): Promise<Response> {
    const fault = this.#faults.get(route) ?? this.#faults.get(undefined);
    if (fault) return await failing(fault, request);
    const cookies = request.headers.get("cookie");
    if ((cookies?.length ?? 0) > MAX_HEADER_BYTES) return new Response(null, { status: 431 });
    switch (route) {
      case "GET /server/ping":
        return new Response("pong");
      case "POST /auth/login":
        return await logIn(request, this.#auth);
      case "POST /auth/refresh":
        return await refresh(request, this.#auth);
      case "POST /auth/logout":
        return logOut(request, this.#auth);
    }
    const holder = identify(request, this.#auth);
    if (holder && "refusal" in holder) return refuseHolder(holder, this.#auth);
    const user = holder && "user" in holder ? holder.user : undefined;
    const ruled = this.#database && await respondByRules(this.#database, {
      route,
      collection,
      person: this.#personOf(holder),
      fieldsOfUser: (id) => this.#users.active(id)?.fields,
      request,
    });
    if (ruled !== undefined) return ruled;
    switch (route) {
      case "GET /users/me":
        return me(holder, fieldsOf(url), this.#auth);
      case "GET /items/:collection/:id":
        return this.#items.one(user, collection, id, fieldsOf(url));
      case "GET /items/:collection":
        return this.#items.list(user, collection, queryOf(url));
      case "SEARCH /items/:collection": {
        const query = queryOfBody(await request.text());
        return query ? this.#items.list(user, collection, query) : refuse(refusals.payload);
      }
    }
    return refuse(refusals.route);
  }

  /** Returns the number of requests to a route, such as `GET /users/me`. */
  count(route: string): number {
    return this.calls.filter((call) => call.route === route).length;
  }

  /** Largest number of requests that were in flight at the same time. */
  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  /** Logs a user in; returns the `Cookie` header. */
  session(user: string): string {
    const id = this.#users.idOf(user);
    const role = this.#users.active(id)?.role ?? null;
    return this.#pair(this.#sessions.open({ user: id, role }));
  }

  /** Opens a share's session; returns the `Cookie` header. */
  shareSession(share: string): string {
    return this.#pair(this.#sessions.open({ share }));
  }

  /** Replaces a session as `POST /auth/refresh` does; returns the new `Cookie` header. */
  rotate(cookie: string): string {
    const token = this.#sessions.rotate(this.#token(cookie));
    if (token === undefined) throw new TypeError("Cannot rotate as the session is not valid");
    return this.#pair(token);
  }

  /** Ends one session as a logout does. */
  logOut(cookie: string): void {
    this.#sessions.end(this.#token(cookie));
  }

  /** Expires a session: 401 TOKEN_EXPIRED from now on. */
  expire(cookie: string): void {
    this.#sessions.expire(this.#token(cookie));
  }

  /** Suspends a user: 401 to all their sessions. */
  suspend(user: string): void {
    this.#users.setSuspended(user, true);
  }

  /** Takes a suspension back: the sessions are valid again. */
  resume(user: string): void {
    this.#users.setSuspended(user, false);
  }

  /** Deletes a user. */
  remove(user: string): void {
    this.#users.remove(user);
  }

  /** Changes a user's password, which ends their sessions. */
  changePassword(user: string, password: string): void {
    this.#users.setPassword(user, password);
    this.#sessions.endAll(this.#users.idOf(user));
  }

  /** Grants a user, or `public`, one item. Overrides the collection's readers. */
  allow(user: string, collection: string, id: string | number): void {
    this.#items.setRight(this.#reader(user), collection, id, true);
  }

  /** Denies a user, or `public`, one item. Overrides the collection's readers. */
  deny(user: string, collection: string, id: string | number): void {
    this.#items.setRight(this.#reader(user), collection, id, false);
  }

  /**
   * Makes every route fail, or with `undefined` work again.
   *
   * @param route The only route to change, such as `GET /users/me`. Overrides the setting for all.
   */
  fail(fault: Fault | undefined, route?: string): void {
    if (fault === undefined) this.#faults.delete(route);
    else this.#faults.set(route, fault);
  }

  /** Returns whose rights a request has. */
  #personOf(holder: SessionHolder | undefined): Person {
    if (holder === undefined || !("user" in holder)) return { user: null, role: null, row: {} };
    const { user, role } = holder;
    return { user, role, row: this.#users.active(user)?.fields ?? {} };
  }

  #reader(user: string): string {
    return user === PUBLIC ? PUBLIC : this.#users.idOf(user);
  }

  #pair(token: string): string {
    return `${this.#auth.cookieName}=${token}`;
  }

  #token(cookie: string): string {
    return readCookie(cookie, this.#auth.cookieName) ?? "";
  }
}
