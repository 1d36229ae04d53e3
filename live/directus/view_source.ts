/**
 * Views' rows and access classes, from Directus.
 *
 * @module
 */

import { type Classified, classOf, type Grants, grants } from "../access/classes.ts";
import { userFieldsIn } from "../access/rules.ts";
import { AgedMap } from "../domain/aged_map.ts";
import type { AskOptions, Unauthorized, Unavailable } from "../domain/authority.ts";
import { type Credential, PUBLIC } from "../domain/credential.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import { primaryKeyOf, type TopicSource } from "../domain/topic.ts";
import type { ViewQuery } from "../domain/view_query.ts";
import type { AccessClass, Rows, Viewer, ViewRefused, ViewSource } from "../domain/view_source.ts";
import { AccessRules } from "./access_rules.ts";
import type { CallLane, DirectusClient } from "./directus_client.ts";
import { DEFAULT_RETRY_AFTER_MS, type DirectusError, type FailedRequest } from "./json_request.ts";
import { UserValuesReader } from "./user_values.ts";
import { pinnedKeys, readRows, searchOf } from "./view_rows.ts";

/** What the source needs. */
export interface DirectusViewSourceOptions {
  /** Calls Directus. */
  readonly client: DirectusClient;
  /** Collections by topic prefix; they name primary keys that are not `id`. */
  readonly topics: ReadonlyMap<string, TopicSource>;
  /**
   * The token that reads access rules. Without it, users share views only of collections that they may read
   * in full.
   */
  readonly token?: Credential | undefined;
  /** Whether users may share views at all. */
  readonly isShared: boolean;
  /** How long a session's rights are reused, in milliseconds. */
  readonly ttlMs: number;
  /** Counts and times reads. */
  readonly metrics: Metrics;
  /** Logs why access rules cannot be read. */
  readonly logger: Logger;
  /** Monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** The largest answer that is read, in bytes. */
const MAX_BYTES = 8_388_608;

/** Sessions whose rights are kept; the oldest are dropped. */
const MAX_SESSIONS = 20_000;

/** Questions about one session within this time share one call, in milliseconds. */
const SAME_MOMENT_MS = 1;

/** Error codes of a session that is invalid or has expired. */
const SESSION_CODES: ReadonlySet<string> = new Set(["INVALID_TOKEN", "TOKEN_EXPIRED"]);

type GrantsAnswer = { readonly kind: "grants"; readonly grants: Grants | undefined } | Failure;
/** Why a session does not get a view. */
export type Failure = ViewRefused | Unauthorized | Unavailable;

/** A session's rights, or the question that is in flight. */
interface KnownGrants {
  readonly answer: Promise<GrantsAnswer>;
  readonly askedAt: number;
}

/** Stands for the role of a static token, which Directus looks up at each call. No role has this id. */
const ROLE_OF_THE_MOMENT = "*";

/** Asks Directus with the session that opens the view. */
export class DirectusViewSource implements ViewSource {
  readonly #options: DirectusViewSourceOptions;
  readonly #now: () => number;
  readonly #rules: AccessRules;
  readonly #userValues: UserValuesReader;
  /** By the hash of the session's credential. */
  readonly #grants = new AgedMap<KnownGrants>({ maxEntries: MAX_SESSIONS });

  /** Creates a source that has asked nothing yet. */
  constructor(options: DirectusViewSourceOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    const access = { ...options, token: options.token, now: this.#now };
    this.#rules = new AccessRules(access);
    this.#userValues = new UserValuesReader(access);
  }

  async classify(
    { credential, user }: Viewer,
    query: ViewQuery,
    options?: AskOptions,
  ): Promise<AccessClass | Failure> {
    const [answer, rules] = await Promise.all([
      this.#grantsOf(credential, options),
      this.#rules.get(),
    ]);
    if (answer.kind !== "grants") return answer;
    const { grants } = answer;
    if (grants !== undefined && (grants[query.collection]?.read?.access ?? "none") === "none") {
      return refused("forbidden", `Not allowed to read the collection ${query.collection}`);
    }
    const role = credential === PUBLIC ? null : credential.claims()?.["role"];
    const person = { user: user?.id ?? null, role: roleOf(role) };
    // Without the session's role, its rules are not known.
    const known = role === undefined ? undefined : rules;
    const isShared = this.#options.isShared && grants !== undefined;
    const fields = isShared ? userFieldsIn(known?.effective(person).permissions ?? []) : [];
    const own = await this.#userValues.of(person.user, fields, options);
    if (own.kind === "unavailable") return own;
    const classified: Classified = classOf({
      query,
      person,
      grants: grants ?? {},
      rules: known,
      userValues: own.values,
      schema: rules?.schema,
      isShared,
    });
    if (!query.isOpen) return { kind: "class", ...classified };
    const isFull = grants?.[query.collection]?.read?.access === "full";
    const holdsAll = isFull && query.filter === undefined && query.search === undefined;
    return { kind: "class", ...classified, key: `${classified.key} ${holdsAll}`, holdsAll };
  }

  async read(
    { credential }: Viewer,
    query: ViewQuery,
    keys?: readonly string[],
  ): Promise<Rows | Failure> {
    const path = `/items/${query.collection}`;
    const search = searchOf(query, primaryKeyOf(query.collection, this.#options.topics), keys);
    const call = await this.#options.client.get(path, credential, {
      lane: "views",
      search,
      maxBytes: MAX_BYTES,
    });
    if (call.kind === "unavailable") return call;
    const { response } = call;
    const answer = response.kind === "json"
      ? readRows(response.json) ?? NO_ROWS
      : failureOf(response, credential);
    // Otherwise it would join the view again, and its next read would fail in place of another member's.
    if (answer.kind === "unauthorized") this.#grants.delete(credential.hash());
    this.#options.metrics.viewRead(METRIC_RESULTS[answer.kind], call.elapsedMs);
    return answer;
  }

  pinnedKeys(query: ViewQuery): ReadonlySet<string> | undefined {
    return pinnedKeys(query, primaryKeyOf(query.collection, this.#options.topics));
  }

  forget(): void {
    this.#rules.forget();
    this.#userValues.forget();
    this.#grants.clear();
  }

  /** Asks for a session's rights. Views of one session that are checked together share the question. */
  #grantsOf(credential: Credential, { fresh = false }: AskOptions = {}): Promise<GrantsAnswer> {
    if (credential === PUBLIC) return Promise.resolve(NOT_TOLD); // Directus refuses the question
    const session = credential.hash();
    const known = this.#grants.get(session);
    const maxAgeMs = fresh ? SAME_MOMENT_MS : this.#options.ttlMs;
    const askedAt = this.#now();
    if (known !== undefined && askedAt - known.askedAt <= maxAgeMs) return known.answer;
    const answer = this.#askGrants(credential, fresh ? "revalidation" : "views");
    this.#grants.set(session, { answer, askedAt });
    answer.then(({ kind }) => {
      const isKept = kind === "grants" && this.#options.ttlMs > 0;
      if (!isKept && this.#grants.get(session)?.answer === answer) this.#grants.delete(session);
    });
    return answer;
  }

  async #askGrants(credential: Credential, lane: CallLane): Promise<GrantsAnswer> {
    const options = { lane, maxBytes: MAX_BYTES };
    const call = await this.#options.client.get("/permissions/me", credential, options);
    if (call.kind === "unavailable") return call;
    const { response } = call;
    // Directus 10 has no such route, so there each user is a class.
    if (response.kind === "rejected" && response.status === 404) {
      return NOT_TOLD;
    }
    if (response.kind !== "json") return failureOf(response, credential);
    const data = grants.safeParse((response.json as { data?: unknown } | null)?.data);
    return data.success ? { kind: "grants", grants: data.data } : NO_GRANTS;
  }
}

/**
 * Returns the role in a session's token. A static token contains none: Directus looks up its user's role at
 * each call. So it must not share a class with the same user's session, whose token may have another role.
 */
function roleOf(claim: unknown): string | null {
  return claim === undefined ? ROLE_OF_THE_MOMENT : typeof claim === "string" ? claim : null;
}

/**
 * The answer if Directus does not say what the session may read. It still refuses what the session may not
 * read.
 */
const NOT_TOLD: GrantsAnswer = { kind: "grants", grants: undefined };

const NO_ROWS: Unavailable = {
  kind: "unavailable",
  reason: "response holds no rows",
  retryAfterMs: DEFAULT_RETRY_AFTER_MS,
};
const NO_GRANTS: Unavailable = { ...NO_ROWS, reason: "response holds no permissions" };

const METRIC_RESULTS = {
  rows: "ok",
  refused: "refused",
  unauthorized: "unauthorized",
  unavailable: "error",
} as const;

function failureOf(response: DirectusError | FailedRequest, credential: Credential): Failure {
  if (response.kind === "failed") {
    const { cause, reason, retryAfterMs } = response;
    return cause === "other" ? refused("bad-view", reason) : {
      kind: "unavailable",
      reason,
      retryAfterMs,
    };
  }
  const { status, code, reason } = response;
  const isAboutSession = status === 401 || SESSION_CODES.has(code);
  if (isAboutSession && credential !== PUBLIC) return { kind: "unauthorized" };
  return refused(status === 403 || isAboutSession ? "forbidden" : "bad-view", reason);
}

function refused(code: ViewRefused["code"], reason: string): ViewRefused {
  return { kind: "refused", code, reason };
}
