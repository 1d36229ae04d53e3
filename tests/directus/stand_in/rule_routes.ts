/**
 * The routes of a stand-in with a database: searching items, and reading who has which rights.
 *
 * @module
 */

import type { Database } from "./database.ts";
import { refusals, refuse, respond } from "./responses.ts";
import { fieldsOf } from "./queries.ts";
import { grantsField, type Person, type Rights } from "./rights.ts";
import { search } from "./searches.ts";

/** A request, and whose rights it has. */
export interface RuledRequest {
  /** Method and pattern. */
  readonly route: string;
  /** Name of the collection, empty on other routes. */
  readonly collection: string;
  /** Whose rights it has. */
  readonly person: Person;
  /** Returns the further fields of a user, if there is one with this primary key. */
  readonly fieldsOfUser: (id: string) => Readonly<Record<string, unknown>> | undefined;
  /** The request. */
  readonly request: Request;
}

/** Responds to a request that the database decides about; `undefined` for any other. */
export async function respondByRules(
  database: Database,
  { route, collection, person, fieldsOfUser, request }: RuledRequest,
): Promise<Response | undefined> {
  const { rights, relations, tables } = database;
  switch (route) {
    case "SEARCH /items/:collection": {
      if (!tables.has(collection)) return undefined;
      const query = parse(await request.text());
      return query ? search(database, person, collection, query) : refuse(refusals.payload);
    }
    case "GET /permissions/me":
      return person.user === null
        ? refuse(refusals.forbidden)
        : respond(rights.grantsOf(person, [...tables.keys(), "directus_users"]));
    case "GET /permissions":
      return readTable(database, person, "permissions", rights.permissions);
    case "GET /policies":
      return readTable(database, person, "policies", rights.policies);
    case "GET /access":
      return readTable(database, person, "access", rights.access);
    case "GET /roles":
      return readTable(database, person, "roles", rights.roles);
    case "GET /relations":
      return readTable(database, person, "relations", relations);
  }
  const [, id] = /^GET \/users\/((?!me$).+)$/.exec(route) ?? [];
  const record = id === undefined ? undefined : fieldsOfUser(decodeURIComponent(id));
  return record && readUser(rights, person, record, new URL(request.url));
}

/** Responds with the requested fields of a user. */
function readUser(
  rights: Rights,
  person: Person,
  record: Readonly<Record<string, unknown>>,
  url: URL,
): Response {
  const cases = rights.casesOf(person, "directus_users");
  const fields = fieldsOf(url) ?? [];
  const isGranted = fields.every((field) => cases.some((rule) => grantsField(rule, field)));
  if (cases.length === 0 || !isGranted) return refuse(refusals.forbidden);
  const shown = Object.fromEntries(fields.map((field) => [field, record[field] ?? null]));
  return respond(shown, { "cache-control": "no-cache" });
}

function readTable(
  { rights }: Database,
  person: Person,
  name: string,
  rows: readonly unknown[],
): Response {
  const mayRead = rights.casesOf(person, `directus_${name}`).length > 0;
  return mayRead ? respond(rows) : refuse(refusals.forbidden);
}

// deno-lint-ignore no-explicit-any -- the search checks it
function parse(body: string): any {
  try {
    return JSON.parse(body).query;
  } catch {
    return undefined;
  }
}
