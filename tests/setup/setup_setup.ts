/**
 * A Directus in memory, as far as setup uses it: tables of rows, an administrator, tokens.
 *
 * @module
 */

import { setup } from "../../live/setup/setup.ts";
import { createContext, DIRECTUS, type Transcript } from "../support/command.ts";

/** Token of the administrator. */
export const ADMIN = "token-of-the-administrator";

/** A row of a collection. */
export type Row = Record<string, unknown>;

/** How a Directus is set up. */
export interface MemoryDirectusOptions {
  /** What `/license` answers; a Directus 11 has no such route. @default {none} */
  readonly licence?: unknown;
  /** Routes that are refused, as `POST /flows`. @default {none} */
  readonly refused?: readonly string[];
}

/** A Directus whose rows a test can look at. */
export class MemoryDirectus {
  /** Rows by collection. */
  readonly tables: Record<string, Row[]> = {
    flows: [],
    operations: [],
    policies: [],
    permissions: [],
    users: [{ id: "admin", token: ADMIN }, { id: "ada", token: "token-of-ada" }],
    access: [],
  };
  /** Calls that changed something, such as `POST /flows`. */
  readonly changes: string[] = [];
  readonly #options: MemoryDirectusOptions;

  /** Creates one without anything of setup's. */
  constructor(options: MemoryDirectusOptions = {}) {
    this.#options = options;
  }

  /** Answers a request as Directus does. */
  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (url.origin !== DIRECTUS) throw new TypeError(`no such host: ${url.host}`);
    const token = request.headers.get("authorization")?.slice("Bearer ".length);
    const user = this.tables["users"]?.find((row) => row["token"] === token);
    if (user === undefined) return failure(401, "INVALID_CREDENTIALS");
    const body = request.body === null ? {} : await request.json();
    return this.#answer(request.method, url, user, body);
  };

  #answer(method: string, { pathname, searchParams }: URL, user: Row, body: Row): Response {
    const { licence, refused = [] } = this.#options;
    if (refused.includes(`${method} ${pathname}`)) return failure(403, "FORBIDDEN");
    switch (pathname) {
      case "/policies/me/globals":
        return success({ admin_access: user["id"] === "admin", app_access: false });
      case "/users/me":
        return success({ id: user["id"] });
      case "/license":
        return licence === undefined ? failure(404, "ROUTE_NOT_FOUND") : success(licence);
      case "/collections":
        return success([{ collection: "events" }, { collection: "orders" }]);
    }
    const [, name = "", id] = pathname.split("/");
    const rows = this.tables[name] ?? [];
    if (method === "GET") return success(rows.filter(filterOf(searchParams)).map(masked));
    this.changes.push(`${method} ${pathname}`);
    if (method === "POST") rows.push({ id: rows.length + 1, ...body });
    const row = rows.find((row) => String(row["id"]) === id);
    if (method === "PATCH" && row !== undefined) Object.assign(row, body);
    if (method === "DELETE" && row !== undefined) rows.splice(rows.indexOf(row), 1);
    return method !== "POST" && row === undefined ? failure(403, "FORBIDDEN") : success(body);
  }
}

/** Returns the predicate of `{"field":{"_eq":…}}` or `{"field":{"_in":[…]}}`. */
function filterOf(query: URLSearchParams): (row: Row) => boolean {
  const filter: Record<string, { _eq?: unknown; _in?: unknown[] }> = JSON.parse(
    query.get("filter") ?? "{}",
  );
  return (row) =>
    Object.entries(filter).every(([field, { _eq, _in = [_eq] }]) => _in.includes(row[field]));
}

/** Directus never shows a token. */
function masked(row: Row): Row {
  return "token" in row ? { ...row, token: row["token"] === null ? null : "**********" } : row;
}

function success(data: unknown): Response {
  return Response.json({ data });
}

function failure(status: number, code: string): Response {
  return Response.json({ errors: [{ message: "No.", extensions: { code } }] }, { status });
}

/** Variables of a server, and the administrator's token. */
const ENV = {
  DIRECTUS_BASE_URL: DIRECTUS,
  DIRECTUS_ADMIN_TOKEN: ADMIN,
  LIVE_TOPICS: "event=events",
};

/** Runs the command; resolves to its exit code and what it wrote. */
export async function run(
  directus: MemoryDirectus,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  secret: string | undefined = undefined,
): Promise<Transcript & { readonly code: number }> {
  const [context, transcript] = createContext({
    args,
    env: { ...ENV, ...env },
    fetch: directus.fetch,
    ...(secret === undefined ? {} : { secret }),
  });
  return { code: await setup(context), ...transcript };
}
