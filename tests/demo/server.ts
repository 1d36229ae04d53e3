/**
 * The demo's web server: the page and the stand-in for Directus, on one origin.
 *
 * @module
 */

import { COLLECTION } from "./entries.ts";
import type { LineOrder } from "./lines.ts";
import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import { Database } from "../directus/stand_in/database.ts";

/** The topic of the race; both users may read it. */
export const RACE_TOPIC = "event:42";

/** The topic of the practice; Grace may read it, Ada may not. */
export const PRACTICE_TOPIC = "event:43";

/** The topic with more data than a slow line carries, published while a line is slow. */
export const BALLAST_TOPIC = "event:44";

/** Emails of all users. */
export const USERS: readonly string[] = ["ada@example.com", "grace@example.com"];

/** Emails of the users who may read the practice. */
export const PRACTICE_READERS: readonly string[] = ["grace@example.com"];

/**
 * Below this path a browser can log in a second time: the session's cookie has this path too, so the page
 * can open a second connection as another user, beside its own.
 */
const COLLEAGUE_PATH = "/colleague";

/** What users may read of the entries: Grace all, Ada neither the fuel nor those under review. */
const ENTRY_RIGHTS = {
  "ada@example.com": {
    fields: ["id", "name", "status", "stops"],
    permissions: { status: { _neq: "review" } },
  },
  "grace@example.com": { fields: ["*"], permissions: {} },
};

/** Files of the page, and the types of their contents by the ends of their names. */
const FILES = [
  "page.html",
  "icon.svg",
  ...["page", "tables", "panels", "widths"].map((name) => `${name}.css`),
  ...["page", "panel", "track", "frames", "inspector", "entries", "line", "plot", "session"]
    .map((name) => `${name}.js`),
];
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  svg: "image/svg+xml",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

/** What the page needs to know, as `/demo.json` returns it. */
export interface DemoInfo {
  /** Port of the live listener. */
  livePort: number;
  /** The topic that every user may read. */
  race: string;
  /** The topic that only some users may read. */
  practice: string;
  /** The topic with more data than a slow line carries. */
  ballast: string;
  /** Emails of the users who may read the practice. */
  practiceReaders: readonly string[];
  /** Emails of all users. */
  users: readonly string[];
  /** Middle line of the track, in metres. */
  outline: readonly (readonly [x: number, y: number])[];
}

/** Options of `createDemoHandler()`. */
export interface DemoHandlerOptions {
  /** Answers every request that is not for the page. */
  directus: DirectusStandIn;
  /** Returns what the page needs to know; `undefined` until the live server is up. */
  info: () => DemoInfo | undefined;
  /** Carries out what a page asks of its line. @default {nothing: 404} */
  order?: (order: LineOrder) => void;
}

/** The users, of one role. */
const ACCOUNTS = [
  {
    id: "5f0c5c1e-6a5a-4d0c-9f1b-0d6f1f0a1815",
    email: "ada@example.com",
    password: "demo",
    role: "b3d1a7f4-52a4-4c52-8f3c-7a1f6f0f2c11",
    first_name: "Ada",
    last_name: "Lovelace",
  },
  {
    id: "9a1f7c52-3b1e-4f6d-8c5d-6e2b4a0d1906",
    email: "grace@example.com",
    password: "demo",
    role: "b3d1a7f4-52a4-4c52-8f3c-7a1f6f0f2c11",
    first_name: "Grace",
    last_name: "Hopper",
  },
];

/** Creates the stand-in with the users and events of the demo, and a database that holds the entries. */
export function createDemoDirectus(database: Database = new Database()): DirectusStandIn {
  const directus = createDirectusStandIn({
    users: ACCOUNTS,
    database,
    collections: [{
      name: "events",
      items: [{ id: 42, title: "The race" }, { id: 43, title: "Closed practice" }, {
        id: 44,
        title: "Telemetry",
      }],
    }],
  });
  grantEntries(database);
  for (const reader of USERS) {
    for (const id of [42, 44]) directus.allow(reader, "events", id);
  }
  for (const reader of PRACTICE_READERS) directus.allow(reader, "events", 43);
  return directus;
}

/** Grants each user their own policy. */
function grantEntries({ rights }: Database): void {
  for (const [index, [email, granted]] of Object.entries(ENTRY_RIGHTS).entries()) {
    const user = ACCOUNTS.find((account) => account.email === email)?.id ?? null;
    rights.policies.push({ id: email });
    rights.access.push({ policy: email, role: null, user });
    rights.permissions.push({ id: index + 1, policy: email, collection: COLLECTION, ...granted });
  }
}

/** Creates the handler of the demo's web server. */
export function createDemoHandler(
  { directus, info, order }: DemoHandlerOptions,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const url = new URL(request.url);
    const name = url.pathname === "/" ? "page.html" : url.pathname.slice(1);
    const reads = request.method === "GET" || request.method === "HEAD";
    if (reads && url.pathname === "/demo.json") {
      const known = info();
      return known ? Response.json(known) : new Response("Starting", { status: 503 });
    }
    if (request.method === "POST" && url.pathname === "/demo/line" && order) {
      order(await request.json());
      return new Response(null, { status: 204 });
    }
    if (url.pathname.startsWith(`${COLLEAGUE_PATH}/`)) {
      return await logInColleague(request, directus);
    }
    if (!FILES.includes(name) || !reads) return await directus.handle(request);
    const body = await Deno.readFile(new URL(name, import.meta.url));
    return new Response(body, {
      headers: {
        "content-type": TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "",
        "cache-control": "no-store",
        "content-security-policy": policy(url.hostname, info()?.livePort),
        "x-content-type-options": "nosniff",
      },
    });
  };
}

/** Logs in as Directus does, with a cookie for another path. */
async function logInColleague(request: Request, directus: DirectusStandIn): Promise<Response> {
  const url = new URL(request.url);
  url.pathname = url.pathname.slice(COLLEAGUE_PATH.length);
  const response = await directus.handle(new Request(url, request));
  const headers = new Headers(response.headers);
  const cookie = headers.get("set-cookie");
  if (cookie !== null) {
    headers.set("set-cookie", cookie.replace("Path=/;", `Path=${COLLEAGUE_PATH};`));
  }
  return new Response(response.body, { status: response.status, headers });
}

/** Returns a policy that lets the page load from its own origin and from the live listener. */
function policy(hostname: string, livePort: number | undefined): string {
  const live = livePort === undefined ? "" : `//${hostname}:${livePort}`;
  return `default-src 'self'; script-src 'self'${live && ` http:${live}`}; ` +
    `connect-src 'self'${live && ` ws:${live}`}; base-uri 'none'; form-action 'self'; ` +
    "frame-ancestors 'none'";
}
