/**
 * A stand-in for Directus: the routes that the live server and the demo's page call, answered as
 * a real one answers them, traps included.
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

import { answer, readCookie, type Refusal, refusals, refuse } from "./answers.ts";
import { type AuthRoutesDeps, emptyingCookie, logIn, logOut, refresh } from "./auth_routes.ts";
import { failing, type Fault } from "./faults.ts";
import { Items, PUBLIC } from "./items.ts";
import type { DirectusStandInOptions } from "./options.ts";
import { fieldsOf, queryOf, queryOfBody, type Target, targetOf } from "./queries.ts";
import { type SessionHolder, Sessions } from "./sessions.ts";
import { ownRecord, Users } from "./users.ts";

/** Is one call that arrived. */
export interface StandInCall {
  /** Method and pattern, such as `GET /users/me` or `GET /items/:collection/:id`. */
  route: string;
  /** The URL as it arrived. */
  url: URL;
  /** Headers as they arrived, so that a test can see what was forwarded. */
  headers: Headers;
}

/** Headers above this are refused with 431, as Node's HTTP server does. */
const MAX_HEADER_BYTES = 16_384;

/** Creates a stand-in. It listens nowhere: its `handle()` takes requests. */
export function createDirectusStandIn(options: DirectusStandInOptions): DirectusStandIn {
  return new DirectusStandIn(options);
}

/** Answers as Directus does, and lets a test change what it answers. */
export class DirectusStandIn {
  /** All calls so far, in the order of their arrival. */
  readonly calls: StandInCall[] = [];
  readonly #users: Users;
  readonly #sessions: Sessions;
  readonly #items: Items;
  readonly #auth: AuthRoutesDeps;
  readonly #basePath: string;
  readonly #delayMs: number;
  /** By route, or for all of them. */
  readonly #faults = new Map<string | undefined, Fault>();
  #inFlight = 0;
  #mostInFlight = 0;

  /** Creates a stand-in; `createDirectusStandIn()` is the same. */
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
    this.#delayMs = options.delayMs ?? 0;
    this.#auth = { users: this.#users, sessions: this.#sessions, cookieName };
  }

  /** Takes the place of `fetch`, with no network between. */
  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    return await this.handle(request);
  };

  /** Answers one request. Rejects only where `fetch` would: `fail("hung")` and `fail("down")`. */
  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const target = targetOf(request.method, url, this.#basePath);
    this.calls.push({ route: target.route, url, headers: request.headers });
    this.#mostInFlight = Math.max(this.#mostInFlight, ++this.#inFlight);
    try {
      if (this.#delayMs > 0) await new Promise((done) => setTimeout(done, this.#delayMs));
      return await this.#answer(request, url, target);
    } finally {
      this.#inFlight--;
    }
  }

  async #answer(
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
    const holder = this.#holder(request);
    if (holder && "refusal" in holder) return this.#refuse(holder.refusal, holder.clearsCookie);
    const user = holder && "user" in holder ? holder.user : undefined;
    switch (route) {
      case "GET /users/me":
        return this.#me(holder, fieldsOf(url));
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

  /** Returns how many calls of a route arrived, such as `GET /users/me`. */
  count(route: string): number {
    return this.calls.filter((call) => call.route === route).length;
  }

  /** How many calls were in flight at once, at most. */
  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  /** Logs a user in and returns the pair for a `Cookie` header. */
  session(user: string): string {
    return this.#pair(this.#sessions.open({ user: this.#users.idOf(user) }));
  }

  /** Opens a share's session and returns the pair for a `Cookie` header. */
  shareSession(share: string): string {
    return this.#pair(this.#sessions.open({ share }));
  }

  /** Replaces a session as `POST /auth/refresh` does and returns the new pair. */
  rotate(cookie: string): string {
    const token = this.#sessions.rotate(this.#token(cookie));
    if (token === undefined) throw new TypeError("Cannot rotate as the session is not good");
    return this.#pair(token);
  }

  /** Ends one session as a logout does. */
  logOut(cookie: string): void {
    this.#sessions.end(this.#token(cookie));
  }

  /** Makes a session be past its time: 401 TOKEN_EXPIRED from now on. */
  expire(cookie: string): void {
    this.#sessions.expire(this.#token(cookie));
  }

  /** Suspends a user: 401 to all their sessions, at once. */
  suspend(user: string): void {
    this.#users.setSuspended(user, true);
  }

  /** Takes a suspension back: the sessions are good again. */
  resume(user: string): void {
    this.#users.setSuspended(user, false);
  }

  /** Deletes a user. */
  remove(user: string): void {
    this.#users.remove(user);
  }

  /** Gives a user another password, which ends their sessions. */
  changePassword(user: string, password: string): void {
    this.#users.setPassword(user, password);
    this.#sessions.endAll(this.#users.idOf(user));
  }

  /** Lets a user, or `public`, read one item. It goes before the collection's readers. */
  allow(user: string, collection: string, id: string | number): void {
    this.#items.setRight(this.#reader(user), collection, id, true);
  }

  /** Forbids a user, or `public`, one item. It goes before the collection's readers. */
  deny(user: string, collection: string, id: string | number): void {
    this.#items.setRight(this.#reader(user), collection, id, false);
  }

  /**
   * Puts every route out of order, or with `undefined` back in order.
   *
   * @param route The one route meant, such as `GET /users/me`. It goes before all others.
   */
  fail(fault: Fault | undefined, route?: string): void {
    if (fault === undefined) this.#faults.delete(route);
    else this.#faults.set(route, fault);
  }

  #holder(request: Request):
    | SessionHolder
    | { refusal: Refusal; clearsCookie: boolean }
    | undefined {
    const bearer = request.headers.get("authorization")?.match(/^Bearer (.+)$/i)?.[1];
    const cookie = readCookie(request.headers.get("cookie"), this.#auth.cookieName);
    const token = bearer ?? cookie;
    if (!token) return undefined;
    const owner = this.#users.idOfToken(token);
    if (owner !== undefined && this.#users.active(owner)) return { user: owner };
    const reading = this.#sessions.read(token);
    if (!reading.ok) return reading;
    if ("share" in reading.holder || this.#users.active(reading.holder.user)) return reading.holder;
    return { refusal: refusals.credentials, clearsCookie: true };
  }

  #me(holder: SessionHolder | undefined, fields: string[] | undefined): Response {
    if (!holder) return refuse(refusals.credentials);
    if ("share" in holder) return answer({ share: holder.share });
    const user = this.#users.active(holder.user);
    return user ? answer(ownRecord(user, fields)) : refuse(refusals.credentials);
  }

  #refuse(refusal: Refusal, clearsCookie: boolean): Response {
    return refuse(
      refusal,
      clearsCookie ? { "set-cookie": emptyingCookie(this.#auth.cookieName) } : {},
    );
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
