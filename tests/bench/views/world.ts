/**
 * A real Directus with one collection, and five roles that may read different fields of it.
 *
 * @module
 */

import { logIn, PASSWORD } from "../../directus/contract_setup.ts";
import { FLOW_SETTINGS } from "../../directus_real/flow_setup.ts";
import { RealDirectus } from "../../directus_real/real_directus.ts";

/** Rows of the collection. */
export const ROWS = 100;

/** Roles, and so access classes, and users of each. */
export const CLASSES = 5;
export const USERS = 4;

/** The collection. */
export const COLLECTION = "events";

/** Settings of Directus beside those of the tests. */
export const SETTINGS: Readonly<Record<string, string>> = {
  ...FLOW_SETTINGS,
  WEBSOCKETS_ENABLED: "true",
  WEBSOCKETS_HEARTBEAT_ENABLED: "false",
};

/** A Directus, and the sessions of its users. */
export interface BenchWorld extends AsyncDisposable {
  /** The Directus. */
  readonly directus: RealDirectus;
  /** `Cookie` headers by role. */
  readonly cookies: readonly (readonly string[])[];
}

const schema = { is_primary_key: true, has_auto_increment: true };

/** Starts Directus and creates everything. */
export async function createBenchWorld(): Promise<BenchWorld> {
  const directus = await RealDirectus.start("bench", SETTINGS);
  const notes = Array.from({ length: CLASSES }, (_, index) => `note_${index}`);
  const text = (field: string) => ({ field, type: "string", meta: {}, schema: {} });
  await directus.admin("POST", "/collections", {
    collection: COLLECTION,
    meta: {},
    schema: {},
    fields: [
      { field: "id", type: "integer", meta: {}, schema },
      { field: "n", type: "integer", meta: {}, schema: {} },
      ...["title", ...notes].map(text),
    ],
  });
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    title: `Event ${index}`,
    n: 0,
    ...Object.fromEntries(notes.map((note) => [note, "x".repeat(20)])),
  }));
  await directus.admin("POST", `/items/${COLLECTION}`, rows);
  const cookies: string[][] = [];
  for (const note of notes) cookies.push(await createRole(directus, note));
  return { directus, cookies, [Symbol.asyncDispose]: () => directus[Symbol.asyncDispose]() };
}

/** Creates a role that may read one of the notes, and its users; resolves to their cookies. */
async function createRole(directus: RealDirectus, note: string): Promise<string[]> {
  const { id: role } = await directus.admin("POST", "/roles", { name: note });
  const { id: policy } = await directus.admin("POST", "/policies", { name: note });
  await directus.admin("POST", "/access", { role, policy });
  await directus.admin("POST", "/permissions", {
    policy,
    collection: COLLECTION,
    action: "read",
    permissions: {},
    fields: ["id", "n", "title", note],
  });
  const cookies: string[] = [];
  for (let user = 0; user < USERS; user++) {
    const name = `${note}-${user}`;
    const email = `${name}@example.com`;
    await directus.admin("POST", "/users", { email, password: PASSWORD, role });
    cookies.push(await logIn(directus, name));
  }
  return cookies;
}
