/**
 * The rules by which Directus decides what a user may read.
 *
 * @module
 */

import { z } from "zod";
import { relation, Schema } from "./schema.ts";

const id = z.string();
const flag = z.boolean().nullish().transform((value) => value ?? false);

/** One row of `directus_permissions`. */
export const permission = z.object({
  policy: id.nullable(),
  collection: z.string(),
  /** The rule that rows must meet; empty for all rows. */
  permissions: z.record(z.string(), z.unknown()).nullish(),
  /** The fields that it grants; `*` for all. */
  fields: z.array(z.string()).nullish(),
});

/** One row of `directus_policies`. */
export const policy = z.object({
  id,
  admin_access: flag,
  app_access: flag,
  /** Addresses that the policy is limited to; an empty list, or none, does not limit it. */
  ip_access: z.union([z.array(z.string()), z.string()]).nullish(),
});

/** One row of `directus_access`: a policy of a user, of a role, or, without both, of the public. */
export const access = z.object({ policy: id, role: id.nullable(), user: id.nullable() });

/** One row of `directus_roles`. */
export const role = z.object({ id, parent: id.nullish() });

/** Everything that `DIRECTUS_TOKEN` reads. */
export const rulesData = z.object({
  permissions: z.array(permission),
  policies: z.array(policy),
  access: z.array(access),
  roles: z.array(role),
  relations: z.array(relation),
});

/** A permission to read rows of a collection. */
export type Permission = z.output<typeof permission>;

/** A user, or the public, with the role that decides about policies. */
export interface Person {
  /** Primary key of the user; `null` for the public. */
  readonly user: string | null;
  /** Primary key of the role that the session has, which may be older than the user's role. */
  readonly role: string | null;
}

/** What applies to a person. */
export interface Effective {
  /** The policies' ids. */
  readonly policies: readonly string[];
  /** The role and its ancestors. */
  readonly roles: readonly string[];
  /** Whether a policy grants everything. */
  readonly isAdmin: boolean;
  /** Whether a policy gives access to Directus's app, which grants some system collections. */
  readonly hasApp: boolean;
  /** Whether a policy depends on the IP address that Directus sees, which this server does not know. */
  readonly dependsOnAddress: boolean;
  /** The permissions to read. */
  readonly permissions: readonly Permission[];
}

/** A variable that stands for a field of the user, without a path to other collections. */
const USER_FIELD = /^\$CURRENT_USER\.(\w+)$/;

/** Returns the field that a variable of a rule stands for: `team` for `$CURRENT_USER.team`. */
export function userFieldOf(value: unknown): string | undefined {
  return typeof value === "string" ? USER_FIELD.exec(value)?.[1] : undefined;
}

/** Returns the user's fields that the rules of some permissions name, sorted. */
export function userFieldsIn(permissions: readonly Permission[]): string[] {
  const fields = new Set<string>();
  const walk = (value: unknown) => {
    if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
    const field = userFieldOf(value);
    if (field !== undefined) fields.add(field);
  };
  for (const { permissions: rule } of permissions) walk(rule);
  return [...fields].sort();
}

/** All rules, as they were at one moment. */
export class Rules {
  /** The relations of all collections. */
  readonly schema: Schema;
  readonly #data: z.output<typeof rulesData>;
  readonly #parents: ReadonlyMap<string, string | null>;

  /** Creates rules from what Directus returned. */
  constructor(data: z.output<typeof rulesData>) {
    this.#data = data;
    this.schema = new Schema(data.relations);
    this.#parents = new Map(data.roles.map(({ id, parent }) => [id, parent ?? null]));
  }

  /** Returns what applies to a person. A user without a role has the rights of the public. */
  effective({ user, role }: Person): Effective {
    const roles = this.#ancestry(role);
    const rows = this.#data.access.filter((row) => {
      if (row.user !== null) return row.user === user;
      return row.role === null ? roles.length === 0 : roles.includes(row.role);
    });
    const ids = new Set(rows.map(({ policy }) => policy));
    const policies = this.#data.policies.filter(({ id }) => ids.has(id));
    return {
      policies: policies.map(({ id }) => id).sort(),
      roles,
      isAdmin: policies.some(({ admin_access }) => admin_access),
      hasApp: policies.some(({ app_access }) => app_access),
      dependsOnAddress: policies.some(({ ip_access }) => (ip_access?.length ?? 0) > 0),
      permissions: this.#data.permissions.filter(({ policy }) =>
        policy !== null && ids.has(policy)
      ),
    };
  }

  /** Returns a role and its ancestors. A loop, which Directus refuses to store, ends the walk. */
  #ancestry(role: string | null): string[] {
    const roles: string[] = [];
    let current = role;
    while (current !== null && !roles.includes(current)) {
      roles.push(current);
      current = this.#parents.get(current) ?? null;
    }
    return roles;
  }
}
