/**
 * The world of the properties with a stand-in for Directus.
 *
 * @module
 */

import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import type { SearchQuery } from "../directus/stand_in/searches.ts";
import { BASE } from "../support/directus.ts";
import type { Random } from "../support/random.ts";
import { WorldModel } from "./world_model.ts";
import { roleOf, USERS } from "./world_rights.ts";

/** Token of the user who may read the access rules. */
export const TOKEN = "the-token-of-the-access-reader";

/** A stand-in for Directus, and random changes of what it stores. */
export class World extends WorldModel {
  /** The stand-in. */
  readonly directus: DirectusStandIn;

  /** Creates a world that depends on the seed alone. */
  constructor(random: Random) {
    super(random);
    const { database } = this;
    const fieldsOf = (user: string) => this.fieldsOf(user);
    database.rights.access.push({ policy: "access", role: null, user: "reader" });
    this.directus = createDirectusStandIn({
      database,
      users: [
        ...USERS.map((id) => ({
          id,
          email: `${id}@example.com`,
          password: "demo",
          role: roleOf(id),
          get fields() {
            return fieldsOf(id);
          },
        })),
        { id: "reader", email: "reader@example.com", password: "demo", token: TOKEN },
      ],
      now: () => Date.now(),
    });
  }

  /** Asks Directus with a session; resolves to `undefined` if it refuses. */
  async search(cookie: string, query: SearchQuery): Promise<unknown[] | undefined> {
    const response = await this.directus.fetch(`${BASE}/items/events`, {
      method: "SEARCH",
      headers: { cookie, "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
    return (await response.json()).data;
  }
}
