/**
 * System collections of Directus whose changes affect what users may read.
 *
 * @module
 */

/** The collection of users: their role and policies may have changed. */
export const USERS_COLLECTION = "directus_users";

/** Collections that decide about rights, and collections that decide where a view's paths lead. */
export const RIGHTS_COLLECTIONS: ReadonlySet<string> = new Set([
  "directus_permissions",
  "directus_policies",
  "directus_access",
  "directus_roles",
  "directus_fields",
  "directus_relations",
]);
