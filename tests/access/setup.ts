/**
 * A small world of collections, policies and users.
 *
 * @module
 */

import type { Grants } from "../../live/access/classes.ts";
import { Rules, rulesData } from "../../live/access/rules.ts";

/** `posts` have an author (a `person`), comments, tags by way of a junction, and one of two attachments. */
export const RELATIONS = [
  {
    collection: "posts",
    field: "author",
    related_collection: "people",
    meta: { one_field: "posts" },
  },
  {
    collection: "comments",
    field: "post",
    related_collection: "posts",
    meta: { one_field: "comments" },
  },
  {
    collection: "posts_tags",
    field: "posts_id",
    related_collection: "posts",
    meta: { one_field: "tags" },
  },
  {
    collection: "posts_tags",
    field: "tags_id",
    related_collection: "tags",
    meta: { one_field: null },
  },
  {
    collection: "posts",
    field: "item",
    related_collection: null,
    meta: { one_allowed_collections: ["images", "films"] },
  },
  {
    collection: "posts",
    field: "owner",
    related_collection: "directus_users",
    meta: null,
  },
];

/** A row of `directus_permissions`, as a tuple. */
export type PermissionRow = readonly [
  policy: string,
  collection: string,
  rule: Record<string, unknown> | null,
  fields: readonly string[],
];

/** The owner of a policy: `role:editor`, `user:ada` or `public`. */
export type AccessRow = readonly [holder: string, policy: string];

/** Returns rules of some policies. */
export function rulesOf(
  permissions: readonly PermissionRow[],
  access: readonly AccessRow[],
  options: {
    readonly admin?: readonly string[];
    readonly app?: readonly string[];
    readonly byAddress?: readonly string[];
    readonly roles?: Readonly<Record<string, string | null>>;
  } = {},
): Rules {
  const { admin = [], app = [], byAddress = [], roles = {} } = options;
  const policies = [
    ...new Set([...permissions, ...access.map(([, policy]) => [policy] as const)]
      .map(([policy]) => policy)),
  ];
  return new Rules(rulesData.parse({
    relations: RELATIONS,
    roles: Object.entries(roles).map(([id, parent]) => ({ id, parent })),
    permissions: permissions.map(([policy, collection, rule, fields]) => ({
      policy,
      collection,
      permissions: rule,
      fields,
    })),
    policies: policies.map((id) => ({
      id,
      admin_access: admin.includes(id),
      app_access: app.includes(id),
      ip_access: byAddress.includes(id) ? ["10.0.0.1"] : null,
    })),
    access: access.map(([holder, policy]) => {
      const [kind, id = null] = holder.split(":");
      return {
        policy,
        role: kind === "role" ? id : null,
        user: kind === "user" ? id : null,
      };
    }),
  }));
}

/** Returns what `GET /permissions/me` says: by collection, how much and which fields. */
export function grantsOf(
  grants: Readonly<Record<string, readonly ["full" | "partial" | "none", readonly string[]]>>,
): Grants {
  return Object.fromEntries(
    Object.entries(grants).map(([collection, [access, fields]]) => [
      collection,
      { read: { access, fields: [...fields] } },
    ]),
  );
}
