/**
 * Access classes: sessions that are guaranteed to get the same answer.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalText, type Filter, type ViewQuery } from "../domain/view_query.ts";
import { type Effective, type Permission, type Person, type Rules, userFieldOf } from "./rules.ts";
import { isFlat, type Schema } from "./schema.ts";

/** How much of a collection a session may read, as `GET /permissions/me` says. */
const readAccess = z.object({
  access: z.enum(["none", "partial", "full"]),
  fields: z.array(z.string()).nullish().transform((fields) => fields ?? []),
});

/** `GET /permissions/me`: by collection and action. Collections without any right are absent. */
export const grants = z.record(
  z.string(),
  z.object({ read: readAccess.optional() }),
);

/** What a session may read, by collection. */
export type Grants = z.output<typeof grants>;

/** A class, and what can change its answers. */
export interface Classified {
  /** Equal for sessions of the same class, and for no others. */
  readonly key: string;
  /** Collections that the query touches; `undefined` if that is not known. */
  readonly touched: ReadonlySet<string> | undefined;
}

/** What decides about a class. */
export interface ClassInput {
  /** The query. */
  readonly query: ViewQuery;
  /** The session's user, and its role. */
  readonly person: Person;
  /** What the session may read, as Directus itself says. */
  readonly grants: Grants;
  /** The rules, if they can be read and the session's role is known. */
  readonly rules: Rules | undefined;
  /** Values of the user's own fields that are proven to be current. @default {none} */
  readonly userValues?: UserValues | undefined;
  /** The relations, if they can be read. @default {those of the rules} */
  readonly schema?: Schema | undefined;
  /** Whether sessions may share at all. */
  readonly isShared: boolean;
}

/** Values of a user's own fields, to which variables such as `$CURRENT_USER.team` refer. */
export type UserValues = ReadonlyMap<string, string | number | boolean | null>;

/** How the names of Directus's own collections begin. */
const SYSTEM = "directus_";

/** Variables in rules that stand for something of the user. */
const USER_VARIABLE = "$CURRENT_";

/**
 * Finds the class of a session for a query.
 *
 * 1. If Directus grants every touched collection in full, the class is the touched collections with
 *    their fields: every row, and exactly those fields. Without the rules, and so without the
 *    relations, any field could lead to any collection: then everything must be granted in full.
 * 2. Otherwise, if the rules are known, the class is the set of rules that apply, with the user's own
 *    values filled in. The rules are trusted only if Directus confirms their result for this session. It
 *    may differ because of hooks, IP addresses, or a role that changed since the login.
 * 3. Otherwise the class is the user with the role of the session. The public counts as one user.
 */
export function classOf(input: ClassInput): Classified {
  const { query, rules, schema = rules?.schema, isShared } = input;
  const touched = schema?.touchedBy(query) ??
    (isFlat(query) ? new Set([query.collection]) : undefined);
  const own = {
    key: `user ${canonicalText(input.person)}`,
    touched: rules && touched ? reachedBy(rules, rules.effective(input.person), touched) : touched,
  };
  if (!isShared || namesUser(query.filter) || namesUser(query.deep)) return own;
  const granted = fullClass(query, input.grants, schema && touched);
  if (granted !== undefined) return { key: granted, touched };
  return ruleClass(input, touched) ?? own;
}

/**
 * Returns the class if the touched collections are granted in full. If these are not known, all collections
 * have to be.
 */
function fullClass(
  { collection }: ViewQuery,
  grants: Grants,
  touched: ReadonlySet<string> | undefined,
): string | undefined {
  const collections = [...new Set([collection, ...touched ?? Object.keys(grants)])].sort();
  const fields = collections.map((collection) => {
    const read = grants[collection]?.read;
    return read?.access === "full" ? [collection, [...read.fields].sort()] as const : undefined;
  });
  return fields.includes(undefined) ? undefined : `full ${hash(fields)}`;
}

function ruleClass(
  { rules, person, grants, userValues = new Map() }: ClassInput,
  touched: ReadonlySet<string> | undefined,
): Classified | undefined {
  if (rules === undefined || touched === undefined) return undefined;
  const effective = rules.effective(person);
  if (effective.isAdmin || effective.dependsOnAddress) return undefined;
  const reached = reachedBy(rules, effective, touched);
  const hasSystem = [...reached].some((collection) => collection.startsWith(SYSTEM));
  if (hasSystem && effective.hasApp) return undefined; // rules that are not in any table apply too
  const isTrue = [...reached].every((collection) => isConfirmed(collection, effective, grants));
  if (!isTrue) return undefined;
  const applied = effective.permissions
    .filter(({ collection }) => reached.has(collection))
    .map(({ collection, permissions, fields }) => {
      const rule = withValues(permissions ?? {}, { person, effective, userValues });
      return canonicalText({ collection, rule, fields: [...fields ?? []].sort() });
    });
  if (applied.some((text) => text.includes(USER_VARIABLE))) return undefined;
  return { key: `rules ${hash([...new Set(applied)].sort())}`, touched: reached };
}

/** Returns the touched collections, and all collections that their rules lead to. */
function reachedBy(
  { schema }: Rules,
  { permissions }: Effective,
  touched: ReadonlySet<string>,
): Set<string> {
  const reached = new Set(touched);
  for (const collection of reached) { // also visits what is added meanwhile
    for (const permission of permissions) {
      if (permission.collection !== collection) continue;
      schema.addFiltered(collection, permission.permissions ?? undefined, reached);
    }
  }
  return reached;
}

/** Returns whether what Directus says about a collection matches the result of the rules. */
function isConfirmed(collection: string, { permissions }: Effective, grants: Grants): boolean {
  const rows = permissions.filter((permission) => permission.collection === collection);
  const read = grants[collection]?.read;
  if (rows.length === 0) return read === undefined || read.access === "none";
  const isFull = rows.every(({ permissions }) => Object.keys(permissions ?? {}).length === 0);
  if (read?.access !== (isFull ? "full" : "partial")) return false;
  return canonicalText(fieldsOf(rows)) === canonicalText(simplify(read.fields));
}

function fieldsOf(rows: readonly Permission[]): string[] {
  return simplify(rows.flatMap(({ fields }) => fields ?? []));
}

function simplify(fields: readonly string[]): string[] {
  return fields.includes("*") ? ["*"] : [...new Set(fields)].sort();
}

/** The values that the variables of rules stand for. */
interface Values {
  readonly person: Person;
  readonly effective: Effective;
  readonly userValues: UserValues;
}

/**
 * Replaces variables by the values of a person. Variables without a known value stay, such as paths to
 * other collections. A user's own value is wrapped, so that it is never taken for a variable.
 */
function withValues(value: unknown, values: Values): unknown {
  if (Array.isArray(value)) return value.map((member) => withValues(member, values));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, withValues(member, values)]),
    );
  }
  const { person, effective, userValues } = values;
  const own = userValues.get(userFieldOf(value) ?? "");
  if (own !== undefined) return { value: own };
  if (value === "$CURRENT_USER") return person.user;
  if (value === "$CURRENT_ROLE") return person.role;
  if (value === "$CURRENT_ROLES") return effective.roles;
  if (value === "$CURRENT_POLICIES") return effective.policies;
  return value;
}

function namesUser(filter: Filter | undefined): boolean {
  return filter !== undefined && JSON.stringify(filter).includes(USER_VARIABLE);
}

function hash(value: unknown): string {
  return createHash("sha256").update(canonicalText(value)).digest("base64url");
}
