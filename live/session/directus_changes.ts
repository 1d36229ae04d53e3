/**
 * What a change in Directus leads to.
 *
 * @module
 */

import type { Revocation } from "../domain/revocation.ts";
import type { Change } from "../domain/view_source.ts";
import type { Views } from "../views/views.ts";
import type { Revalidator } from "./revalidator.ts";

/** What reacting to changes needs. */
export interface DirectusChangesOptions {
  /** Reads again what has changed. */
  readonly views: Views;
  /** Checks sessions again. */
  readonly revalidator: Revalidator;
  /** Forgets cached answers about users; without any, all answers. */
  readonly forget: (revocation?: Revocation) => void;
}

/** Collections that decide about rights, and those that decide what a view's paths lead to. */
const RIGHTS: ReadonlySet<string> = new Set([
  "directus_permissions",
  "directus_policies",
  "directus_access",
  "directus_roles",
  "directus_fields",
  "directus_relations",
]);

/** The collection of users: their role and policies may have changed. */
const USERS = "directus_users";

/**
 * Returns what to call with each change in Directus; without a change, if some may have been missed.
 *
 * A change of rights suspends all views until the sessions that look at them were checked again, which
 * begins at once. A change of users concerns their own sessions.
 */
export function createChangeHandler(options: DirectusChangesOptions): (change?: Change) => void {
  const { views, revalidator, forget } = options;
  return (change) => {
    if (change === undefined || RIGHTS.has(change.collection)) {
      forget();
      views.rightsChanged();
      revalidator.checkNow();
    } else if (change.collection === USERS) {
      const users = change.keys && new Set(change.keys);
      forget(change.keys && { user: change.keys });
      views.rightsChanged(users);
      revalidator.checkNow(users);
    }
    views.changed(change);
  };
}
