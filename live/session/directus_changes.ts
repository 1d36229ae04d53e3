/**
 * Reacting to changes in Directus.
 *
 * @module
 */

import { RIGHTS_COLLECTIONS, USERS_COLLECTION } from "../domain/directus_collections.ts";
import type { Revocation } from "../domain/revocation.ts";
import type { Change } from "../domain/view_source.ts";
import type { SharedViews } from "../views/views.ts";
import type { Revalidator } from "./revalidator.ts";

/** What reacting to changes needs. */
export interface DirectusChangesOptions {
  /** Reads again what has changed. */
  readonly views: Pick<SharedViews, "rightsChanged" | "changed">;
  /** Checks sessions again. */
  readonly revalidator: Pick<Revalidator, "checkNow">;
  /** Forgets cached answers about users; without any, all answers. */
  readonly forget: (revocation?: Revocation) => void;
}

/**
 * Returns the handler of changes in Directus. Call it without a change if some may have been missed.
 *
 * A change of rights suspends all views until their sessions are checked again, which begins at once. A
 * change of users does so only for their own sessions.
 */
export function createChangeHandler(options: DirectusChangesOptions): (change?: Change) => void {
  const { views, revalidator, forget } = options;
  return (change) => {
    if (change === undefined || RIGHTS_COLLECTIONS.has(change.collection)) {
      forget();
      views.rightsChanged();
      revalidator.checkNow();
    } else if (change.collection === USERS_COLLECTION) {
      const users = change.keys && new Set(change.keys);
      forget(change.keys && { user: change.keys });
      views.rightsChanged(users);
      revalidator.checkNow(users);
    }
    views.changed(change);
  };
}
