/**
 * Malformed and hostile queries of views, over a WebSocket: each is refused with a reason, none shows
 * what Directus would not show, and the connection stays.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import { createDirectusClient } from "../../live/directus/directus_client.ts";
import { DirectusViewSource } from "../../live/directus/view_source.ts";
import { silentLogger } from "../../live/domain/logger.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { createLive, type Live } from "../../live/live.ts";
import { Client } from "../support/client.ts";
import { BASE } from "../support/directus.ts";
import { Random } from "../support/random.ts";
import { World } from "./world_setup.ts";

/** May read `id`, `title`, `status`, `starts_at` and `author` of events, `id` and `name` of authors. */
const USER = "some-1";

/** A server in front of a stand-in, and a client of a user with few rights. */
class Setup implements AsyncDisposable {
  readonly world = new World(new Random(1));
  readonly cookie: string = this.world.directus.session(USER);
  readonly #live: Live;
  client!: Client;

  constructor() {
    const options = {
      baseUrl: BASE,
      timeoutMs: 5_000,
      maxConcurrency: 16,
      topics: new Map(),
      metrics: silentMetrics,
      logger: silentLogger,
      fetch: this.world.directus.fetch,
      now: () => performance.now(),
      random: Math.random,
    };
    const client = createDirectusClient(options);
    this.#live = createLive({
      authority: createDirectusAuthority(options, client),
      viewSource: new DirectusViewSource({ ...options, client, isShared: true, ttlMs: 5_000 }),
      host: "127.0.0.1",
      port: 0,
      maxMessagesPerSecond: 1_000,
      messageBurst: 1_000,
    });
  }

  static async start(): Promise<Setup> {
    const setup = new Setup();
    const { port } = await setup.#live.start();
    setup.client = await Client.connect(`ws://127.0.0.1:${port}`, { cookie: setup.cookie });
    assertEquals((await setup.client.next()).type, "welcome");
    return setup;
  }

  /** Number of times that Directus was asked for rows. */
  get reads(): number {
    return this.world.directus.count("SEARCH /items/:collection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.#live.stop();
  }
}

function nested(depth: number): unknown {
  return depth === 0 ? { id: { _eq: 1 } } : { _and: [nested(depth - 1)] };
}

const events = (query: unknown) => ({ collection: "events", query });

/** Queries that do not reach Directus. */
const malformed: readonly unknown[] = [
  ...[null, 1, "", "events", true, [], [[]], {}, { query: {} }, { collection: 1 }],
  ...["", " ", ".", "..", "../users", "a/b", "a?b", "a#b", "a%2f", "a b", "a.b", "a:b", "a\nb", "é"]
    .map((collection) => ({ collection })),
  ...["users", "files", "roles", "permissions", "policies", "access", "sessions", "settings"]
    .map((name) => ({ collection: `directus_${name}` })),
  { collection: "x".repeat(300) },
  ...[null, 1, "x", true, []].map(events),
  ...["aggregate", "alias", "backlink", "export", "groupBy", "meta", "offset", "page", "version"]
    .map((name) => events({ [name]: 1 })),
  ...["Fields", "filters", "toString", "hasOwnProperty", "valueOf", "$where", "", "versionRaw"]
    .map((name) => events({ [name]: {} })),
  ...["id", {}, 1, [], [1], [null], [[]], [""], [" "], ["a b"], ["a;b"], ["a'b"], ['a"b'], ["a`b"]]
    .map((fields) => events({ fields })),
  ...[
    "a..b",
    ".a",
    "a.",
    "-a",
    "a-- ",
    "a/*",
    "*a",
    "a*",
    "**",
    "$a",
    "a)",
    "f(a",
    "f(a,b)",
    "F(a)",
  ]
    .map((field) => events({ fields: [field] })),
  ...["__proto__", "constructor", "prototype", "a.__proto__", "constructor.name", "a.prototype.b"]
    .map((field) => events({ fields: [field] })),
  ...["f(f(a))", "a.b.c.d.e.f.g", "x".repeat(257), "a:b:c.d", "json(a$b)", "\u0000", "a\u202eb"]
    .map((field) => events({ fields: [field] })),
  events({ fields: Array(101).fill("id") }),
  ...[[], [1], "{}", 1, true, nested(13), { id: { _in: Array(9_000).fill(1) } }]
    .map((filter) => events({ filter })),
  events({ filter: { title: { _eq: "x".repeat(9_000) } } }),
  ...['{"__proto__":{"a":1}}', '{"id":{"__proto__":{}}}', '{"_and":[{"constructor":{"_eq":1}}]}']
    .map((filter) => events({ filter: JSON.parse(filter) })),
  ...["id", {}, 1, [1], [""], ["-"], ["--id"], ["+id"], ["id desc"], ["id,title"], ["*; drop"]]
    .map((sort) => events({ sort })),
  events({ sort: Array(11).fill("id") }),
  ...[0, -1, 1_001, 1.5, "10", null, NaN, 1e9, [], {}].map((limit) => events({ limit })),
  ...["", 1, {}, [], true, "x".repeat(257)].map((search) => events({ search })),
  ...[1, "x", [], { a: 1 }, { a: [] }, { a: { _limit: -1 } }, { a: { _aggregate: {} } }]
    .map((deep) => events({ deep })),
  ...[{ _version: "x" }, { a: { _fields: ["*"] } }, { a: { _sort: "x" } }, { a: { _page: 2 } }]
    .map((deep) => events({ deep })),
];

const HIDDEN = ["budget", "owner", "team", "comments", "nothing"];

/** Queries with fields that the user may not read, wherever a query can name a field. */
const forbidden: readonly unknown[] = [
  { collection: "comments" },
  { collection: "absent" },
  ...HIDDEN.flatMap((field) => [
    events({ fields: [`author.${field}`] }),
    events({ fields: [`count(${field})`] }),
    events({ sort: [field] }),
    events({ sort: [`-${field}`] }),
    events({ sort: [`author.${field}`] }),
    events({ filter: { [field]: { _nnull: true } } }),
    events({ filter: { _and: [{ _or: [{ [field]: { _gt: 0 } }] }] } }),
    events({ filter: { author: { [field]: { _eq: 1 } } } }),
    events({ filter: { [field]: { _some: { id: { _eq: 1 } } } } }),
    events({ filter: { [`year(${field})`]: { _eq: 2_026 } } }),
  ]),
  ...HIDDEN.filter((field) => field !== "comments") // a collection that is hidden whole is left out
    .flatMap((field) => [
      events({ fields: [field] }),
      events({ fields: ["id", field] }),
      events({ fields: [`${field}.id`] }),
    ]),
  ...["secret", "events", "author"].flatMap((field) => [
    events({ fields: [`author.${field}`] }),
    events({ sort: [`author.${field}`] }),
    events({ filter: { author: { [field]: { _nnull: true } } } }),
  ]),
];

/** Queries that Directus does not understand. */
const invalid: readonly unknown[] = [
  ...["_like", "_regex_", "__eq", "_sql", "_raw"].map((operator) =>
    events({ filter: { title: { [operator]: "a" } } })
  ),
  events({ filter: { title: 1 } }),
  events({ filter: { title: null } }),
];

for (
  const [name, views, code, reaches] of [
    ["malformed queries", malformed, "bad-view", false],
    ["queries of fields that are hidden from the user", forbidden, "forbidden", true],
    ["queries that Directus rejects", invalid, "bad-view", true],
  ] as const
) {
  Deno.test(`LiveServer refuses ${name} with a reason, and shows no row`, async () => {
    await using setup = await Setup.start();
    for (const [index, view] of views.entries()) {
      const { id, reason, rows } = await subscribe(setup, view, `${index}`);
      const text = JSON.stringify(view).slice(0, 200);

      assertEquals([id, rows], [`${index}`, undefined], text);
      assertEquals(reason?.code, code, text);
      assertMatch(reason?.message ?? "", /^[^{]{5,300}$/, text);
    }
    assertEquals(setup.reads > 0, reaches);
    assertEquals((await setup.client.ask('{"type":"ping","id":"p"}')).type, "pong");
  });
}

Deno.test("there are 200 malformed and hostile queries", () => {
  assertGreaterOrEqual(malformed.length + forbidden.length + invalid.length, 200);
});

for (
  const [name, query] of [
    ["a search for hidden text", { search: "good", fields: ["id"] }],
    ["a search for a hidden number", { search: "50", fields: ["id"] }],
    ["a wildcard", { fields: ["*"] }],
    ["nested wildcards", { fields: ["*", "author.*"] }],
    ["a list of rows that are hidden whole", { fields: ["id", "comments"] }],
    ["fields of a collection that is hidden whole", { fields: ["id", "comments.text"] }],
    ["conditions that are always true", { filter: { _or: [] } }],
    ["another user's variable as text", { filter: { title: { _eq: "$CURRENT_USER.email" } } }],
    ["quotes and semicolons", { filter: { title: { _eq: "'; drop table events; --" } } }],
    ["a template", { filter: { title: { _eq: "{{$env.SECRET}}" } } }],
  ] as const
) {
  Deno.test(`a view shows what Directus shows to ${name}`, async () => {
    await using setup = await Setup.start();

    const { rows } = await subscribe(setup, events(query), "1");

    const expected = await setup.world.search(setup.cookie, query);
    assert(expected !== undefined);
    assertEquals(rows, expected);
  });
}

interface Answer {
  readonly id: string;
  readonly reason: { readonly code: string; readonly message: string } | undefined;
  readonly rows: unknown[] | undefined;
}

/** Subscribes to a view, and gives it up again. */
async function subscribe({ client }: Setup, view: unknown, id: string): Promise<Answer> {
  client.send({ type: "subscribe", view, id });
  const answer = await client.next();
  if (answer.type !== "subscribed") return { id: answer.id, reason: answer, rows: undefined };
  client.send({ type: "unsubscribe", topic: answer.topic });
  assertEquals((await client.next()).type, "unsubscribed");
  return {
    id,
    reason: undefined,
    rows: answer.messages.map(({ data }: { data: unknown }) => data),
  };
}
