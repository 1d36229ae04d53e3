/**
 * The routes of a stand-in with a database: searching items, and reading who has which rights.
 *
 * @module
 */

import type { Database } from "./database.ts";
import { refusals, refuse, respond } from "./responses.ts";
import type { Person } from "./rights.ts";
import { search } from "./searches.ts";

/** A request, and whose rights it has. */
export interface RuledRequest {
  /** Method and pattern. */
  readonly route: string;
  /** Name of the collection, empty on other routes. */
  readonly collection: string;
  /** Whose rights it has. */
  readonly person: Person;
  /** The request. */
  readonly request: Request;
}

/** Responds to a request that the database decides about; `undefined` for any other. */
export async function respondByRules(
  database: Database,
  { route, collection, person, request }: RuledRequest,
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
        : respond(rights.grantsOf(person, [...tables.keys()]));
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
  return undefined;
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
