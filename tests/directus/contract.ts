/**
 * What the server relies on in Directus, as one table: the real one and the stand-in are held to it
 * alike, so that the stand-in cannot drift away.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { UUID, verdict } from "./fixtures.ts";

/** A Directus, with what {@linkcode directusContract} has to do to it. */
export interface Subject {
  /** Asks it as anybody. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Logs in a user; resolves to the pair for a `Cookie` header. */
  logIn(user: "ada" | "bob" | "sam"): Promise<string>;
  /** Ends a session. */
  logOut(cookie: string): Promise<void>;
  /** Changes a session's cookie; resolves to the new one, once the old is good no more. */
  refresh(cookie: string): Promise<string>;
  /** Begins the session of a share. */
  share(): Promise<string>;
  /** Suspends Sam, or undoes that. */
  suspend(suspended: boolean): Promise<void>;
  /** Changes Sam's password, to the one it was. */
  changePassword(): Promise<void>;
}

/** One row: what is asked, and what comes. */
interface Row {
  readonly name: string;
  /** The cookie to ask with, if any. */
  readonly cookie?: (subject: Subject) => Promise<string> | string;
  readonly path: string;
  readonly init?: RequestInit;
  /** Status and error code. */
  readonly answer: string;
  /** The answer's `data`. */
  readonly data?: unknown;
}

const ME = "/users/me?fields=id";

const ada = (subject: Subject) => subject.logIn("ada");
const bob = (subject: Subject) => subject.logIn("bob");

const rows: readonly Row[] = [
  { name: "no cookie", path: ME, answer: "401 INVALID_CREDENTIALS" },
  ...["", "theme=dark", "directus_session_token="].map((cookie) => ({
    name: `the cookie '${cookie}'`,
    cookie: () => cookie,
    path: ME,
    answer: "401 INVALID_CREDENTIALS",
  })),
  ...["garbage", "a.b.c"].map((value) => ({
    name: `the session '${value}'`,
    cookie: () => `directus_session_token=${value}`,
    path: ME,
    answer: "401 INVALID_CREDENTIALS clears",
  })),
  {
    name: "a session with a bad signature",
    cookie: async (subject) => `${await ada(subject)}x`,
    path: ME,
    answer: "403 INVALID_TOKEN clears",
  },
  { name: "a session", cookie: ada, path: ME, answer: "200" },
  {
    name: "a session among other cookies",
    cookie: async (subject) => `a=b; ${await ada(subject)}; c=d`,
    path: ME,
    answer: "200",
  },
  {
    name: "a header of 20 KB",
    cookie: async (subject) => `a=${"x".repeat(20_000)}; ${await ada(subject)}`,
    path: ME,
    answer: "431",
  },
  {
    name: "a session that was logged out",
    async cookie(subject) {
      const cookie = await ada(subject);
      await subject.logOut(cookie);
      return cookie;
    },
    path: ME,
    answer: "401 INVALID_CREDENTIALS clears",
  },
  {
    name: "a session whose cookie was refreshed a while ago",
    async cookie(subject) {
      const cookie = await ada(subject);
      await subject.refresh(cookie);
      return cookie;
    },
    path: ME,
    answer: "401 INVALID_CREDENTIALS clears",
  },
  {
    name: "a cookie that came with a refresh",
    cookie: async (subject) => subject.refresh(await ada(subject)),
    path: ME,
    answer: "200",
  },
  {
    name: "a suspended user",
    async cookie(subject) {
      const cookie = await subject.logIn("sam");
      await subject.suspend(true);
      return cookie;
    },
    path: ME,
    answer: "401 INVALID_CREDENTIALS clears",
  },
  {
    name: "a session from before the password changed",
    async cookie(subject) {
      await subject.suspend(false);
      const cookie = await subject.logIn("sam");
      await subject.changePassword();
      return cookie;
    },
    path: ME,
    answer: "401 INVALID_CREDENTIALS clears",
  },
  ...["1", "01", "1.0", "+1", "%201", "1e0", "0x1"].map((id) => ({
    name: "an integer key, however it is written",
    cookie: ada,
    path: `/items/events/${id}?fields=id`,
    answer: "200",
    data: { id: 1 },
  })),
  ...["", ".", "%2e"].map((id) => ({
    name: "what is no key, and answered with a list",
    cookie: ada,
    path: `/items/events/${id}?fields=id`,
    answer: "200",
    data: [{ id: 1 }, { id: 2 }],
  })),
  {
    name: "a uuid", // in capitals it is another with SQLite, and the same with PostgreSQL
    cookie: ada,
    path: `/items/docs/${UUID}?fields=id`,
    answer: "200",
    data: { id: UUID },
  },
  ...[
    ["an item that a filter hides", "/items/events/3"],
    ["an absent item", "/items/events/99"],
    ["a malformed key", "/items/events/abc"],
    ["an absent collection", "/items/nothing/1"],
    ["a system collection", "/items/directus_users/1"],
    ["a field that is not there", "/items/events/1?fields=nothing"],
  ].map(([name = "", path = ""]) => ({ name, cookie: ada, path, answer: "403 FORBIDDEN" })),
  {
    name: "an item without a right",
    cookie: bob,
    path: "/items/events/1",
    answer: "403 FORBIDDEN",
  },
  { name: "a public item, without a session", path: "/items/news/1", answer: "200" },
  { name: "a public item", cookie: bob, path: "/items/news/1", answer: "200" },
  {
    name: "a public item with an invalid cookie",
    cookie: () => "directus_session_token=x",
    path: "/items/news/1",
    answer: "401 INVALID_CREDENTIALS clears",
  },
  {
    name: "a list of keys",
    cookie: ada,
    path: "/items/events?fields=id&limit=-1&filter[id][_in]=2,3,99",
    answer: "200",
    data: [{ id: 2 }],
  },
  {
    name: "a list of keys as a body",
    cookie: ada,
    path: "/items/events",
    init: {
      method: "SEARCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        query: { fields: ["id"], limit: -1, filter: { id: { _in: [1, 2] } } },
      }),
    },
    answer: "200",
    data: [{ id: 1 }, { id: 2 }],
  },
  {
    name: "an alias, which goes round Directus's cache",
    cookie: ada,
    path: "/items/events/1?fields=id&alias[n1]=id",
    answer: "200",
    data: { id: 1 },
  },
];

/** Registers the tests of one Directus. */
export function directusContract(what: string, start: () => Promise<Subject> | Subject): void {
  for (const { name, cookie, path, init = {}, answer, data } of rows) {
    Deno.test(`${what} answers ${answer} to ${path} with ${name}`, async () => {
      const subject = await start();
      const headers = new Headers(init.headers);
      const pair = await cookie?.(subject);
      if (pair !== undefined) headers.set("cookie", pair);

      const response = await subject.fetch(path, { ...init, headers });

      const copy = response.clone();
      assertEquals(await verdict(response), answer);
      const text = await copy.text();
      if (data !== undefined) assertEquals(JSON.parse(text).data, data);
    });
  }

  Deno.test(`${what} tells of a share that it is one, and no id`, async () => {
    const subject = await start();
    const response = await subject.fetch(ME, { headers: { cookie: await subject.share() } });
    const { data } = await response.json();
    assertEquals([response.status, Object.keys(data)], [200, ["share"]]);
  });

  Deno.test(`${what} tells a bare id of whoever may not read users`, async () => {
    const subject = await start();
    const cookie = await subject.logIn("bob");
    const response = await subject.fetch("/users/me?fields=id,email,role", { headers: { cookie } });
    const { data } = await response.json();
    assertEquals(Object.keys(data), ["id"]);
  });

  Deno.test(`${what} stops a list at 100 unless asked for more`, async () => {
    const subject = await start();
    const headers = { cookie: await subject.logIn("ada") };
    const count = async (path: string) =>
      (await (await subject.fetch(path, { headers })).json()).data.length;
    assertEquals([await count("/items/many"), await count("/items/many?limit=-1")], [100, 150]);
  });
}
