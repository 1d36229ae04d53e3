/**
 * Collections of Directus's own whose changes concern what users may read.
 *
 * @module
 */

/** The collection of users: their role and policies may have changed. */
export const USERS_COLLECTION = "directus_users";

/** Collections that decide about rights, and those that decide what a view's paths lead to. */
export const RIGHTS_COLLECTIONS: ReadonlySet<string> = new Set([
  "directus_permissions",
  "directus_policies",
  "directus_access",
  "directus_roles",
  "directus_fields",
  "directus_relations",
]);
