/**
 * Clients of Directus's protocol without a credential, with `LIVE_DIRECTUS_AUTH=public`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { logIn, tokenIn } from "../directus/contract_setup.ts";
import { Client } from "../support/client.ts";
import type { RealDirectus } from "./real_directus.ts";
import { serve, type Served } from "./server_setup.ts";
import { withTimes } from "./subject_setup.ts";

/** Nothing reports changes: views are read again all the time. */
const PUBLIC = { LIVE_DIRECTUS_AUTH: "public", LIVE_VIEW_REFRESH_MS: "300" };

/** What one client may learn about `notices`. */
const QUERY = { fields: ["title"], sort: ["id"] };

/** A collection of which the public may read the open rows. */
interface Notices {
  readonly collection: string;
  /** Primary key of the public's permission. */
  readonly permission: number;
}

/** Registers the tests. */
export function publicMode(directus: RealDirectus): void {
  async function createNotices(): Promise<Notices> {
    const collection = `notices_${crypto.randomUUID().slice(0, 8)}`;
    const field = (field: string) => ({ field, type: "string", meta: {}, schema: {} });
    await directus.admin("POST", "/collections", {
      collection,
      meta: {},
      schema: {},
      fields: [field("title"), field("status")],
    });
    const [{ id: policy }] = await directus.admin(
      "GET",
      "/policies?filter[name][_contains]=public",
    );
    const { id: permission } = await directus.admin("POST", "/permissions", {
      policy,
      collection,
      action: "read",
      fields: ["id", "title"],
      permissions: { status: { _eq: "open" } },
    });
    await directus.admin("POST", `/items/${collection}`, [
      { title: "shown", status: "open" },
      { title: "hidden", status: "done" },
    ]);
    return { collection, permission };
  }

  const connect = ({ url }: Served) => Client.connect(`${url}/websocket`);
  const subscribe = (client: Client, collection: string, more: Record<string, unknown> = {}) =>
    client.ask({ type: "subscribe", collection, query: QUERY, uid: collection, ...more });

  /** Resolves to the kinds of messages up to the end of a subscription. */
  async function untilEnd(client: Client): Promise<Set<string>> {
    const kinds = new Set<string>();
    while (!kinds.has("unsubscribe")) kinds.add((await client.next()).event);
    return kinds;
  }
  const END = new Set(["delete", "unsubscribe"]);

  Deno.test("main.ts: the public reads what its policy allows, and is refused the rest", async () => {
    const { collection } = await createNotices();
    await using served = await serve(directus, PUBLIC);
    await using client = await connect(served);

    const init = await subscribe(client, collection);
    const secret = await subscribe(client, "events");
    const field = await subscribe(client, collection, { uid: "s", query: { fields: ["status"] } });
    const item = await subscribe(client, collection, { uid: "i", item: 2 });
    const system = await subscribe(client, "directus_users");
    await directus.admin("POST", `/items/${collection}`, [
      { title: "hidden too", status: "done" },
      { title: "news", status: "open" },
    ]);
    const created = await client.next();

    assertEquals([init.event, init.data], ["init", [{ title: "shown" }]]);
    assertEquals([created.event, created.data], ["create", [{ title: "news" }]]);
    assertEquals(
      [secret, field, item, system].map(({ error }) => error.code),
      ["FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "INVALID_QUERY"],
    );
  });

  Deno.test("main.ts: a public client may authenticate, and becomes public again with an invalid token", async () => {
    const { collection } = await createNotices();
    await using served = await serve(directus, PUBLIC);
    await using client = await connect(served);
    await subscribe(client, collection);
    const token = tokenIn(await logIn(directus, "ada"));

    const accepted = await client.ask({ type: "auth", access_token: token });
    const gone = await untilEnd(client); // the role of Ada may not read what the public may
    const events = await subscribe(client, "events");
    const refused = await client.ask({ type: "auth", access_token: "bad" });
    const ended = await untilEnd(client);
    const again = await subscribe(client, collection);
    const secret = await subscribe(client, "events");

    assertEquals([accepted.status, refused.error.code], ["ok", "AUTH_FAILED"]);
    assertEquals([events.event, gone, ended], ["init", END, END]);
    assertEquals([again.data, secret.error.code], [[{ title: "shown" }], "FORBIDDEN"]);
  });

  Deno.test("main.ts: a client whose token expires continues as the public", async () => {
    await using served = await serve(directus, PUBLIC);
    const exp = Math.ceil(Date.now() / 1_000) + 2;
    const token = withTimes(tokenIn(await logIn(directus, "ada")), { exp });
    await using client = await Client.connect(`${served.url}/websocket?access_token=${token}`);
    const events = await subscribe(client, "events");

    const failures = (await client.take(2)).map(({ error }) => error.code);
    const ended = await untilEnd(client);

    assertEquals(failures, ["TOKEN_EXPIRED", "AUTH_TIMEOUT"]);
    assertEquals([events.event, ended], ["init", END]);
    assertEquals((await subscribe(client, "events")).error.code, "FORBIDDEN");
    assertEquals((await subscribe(client, "news")).event, "init");
  });

  Deno.test("main.ts: views of the public follow its policy", async () => {
    const { collection, permission } = await createNotices();
    await using served = await serve(directus, PUBLIC);
    await using client = await connect(served);
    await subscribe(client, collection);
    const path = `/permissions/${permission}`;

    await directus.admin("PATCH", path, { permissions: { status: { _eq: "done" } } });
    const changed = await client.take(2);
    await directus.admin("DELETE", path);
    const ended = await untilEnd(client);

    assertEquals(changed.map(({ event }) => event).toSorted(), ["create", "delete"]);
    assertEquals(changed.find(({ event }) => event === "create")?.data, [{ title: "hidden" }]);
    assertEquals(ended, END);
  });
}
