/**
 * Tests of bearer tokens that expire, are revoked, or lose their user.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { loggedOut, logIn, PASSWORD, post, tokenIn } from "../directus/contract_setup.ts";
import { Client } from "../support/client.ts";
import { SseClient } from "../support/sse_client.ts";
import type { RealDirectus } from "./real_directus.ts";
import { serve } from "./server_setup.ts";
import { withTimes } from "./subject_setup.ts";
import { createUser, type World } from "./world_setup.ts";

/** Registers the tests. */
export function bearers(directus: RealDirectus, { editor }: World): void {
  /** Creates an editor with a static token. */
  async function createProgram(): Promise<{ id: string; name: string; token: string }> {
    const name = crypto.randomUUID();
    const token = `static-${crypto.randomUUID()}`;
    return { id: await createUser(directus, name, { role: editor, token }), name, token };
  }

  /** Logs in with the mode `json`; resolves to the access token. */
  async function accessToken(name: string): Promise<string> {
    const login = { email: `${name}@example.com`, password: PASSWORD, mode: "json" };
    return (await (await post(directus, "/auth/login", login)).json()).data.access_token;
  }

  const inHeader = (token: string) => ({ authorization: `Bearer ${token}` });

  for (
    const [name, tokenOf] of [
      ["a static token", () => createProgram().then(({ token }) => token)],
      ["an access token", () => accessToken("ada")],
      ["a session's token", () => logIn(directus, "ada").then(tokenIn)],
    ] as const
  ) {
    Deno.test(`main.ts: ${name} in the header serves a WebSocket, its topics and views`, async () => {
      await using served = await serve(directus);
      await using client = await Client.connect(served.url, inHeader(await tokenOf()));
      const { user } = await client.next();

      const topic = await client.subscribe("event:1");
      const hidden = await client.subscribe("event:3");
      const view = await client.ask({
        type: "subscribe",
        view: { collection: "events", query: { fields: ["id"], sort: ["id"] } },
      });

      assertEquals([user.role, topic.type, hidden.code], [editor, "subscribed", "forbidden"]);
      assertEquals(view.messages.map(({ data }: { data: unknown }) => data), [{ id: 1 }, {
        id: 2,
      }]);
    });

    Deno.test(`main.ts: ${name} in the header serves a stream of events`, async () => {
      await using served = await serve(directus);
      const url = `${served.url.replace("ws:", "http:")}/sse?topic=event:1`;
      await using stream = await SseClient.connect(url, inHeader(await tokenOf()));

      const types = [(await stream.next()).type, (await stream.next()).type];

      assertEquals(types, ["welcome", "subscribed"]);
    });
  }

  for (
    const [name, tokenOf] of [
      ["a made-up token", () => "kZ3_-x9mQ0bT7vWc2RrYpL5dNsAeHgJu"],
      ["a made-up JSON Web Token", () => "e30.eyJpc3MiOiJkaXJlY3R1cyJ9.x"],
      ["the token of a session that was logged out", () => loggedOut(directus).then(tokenIn)],
      [
        "an expired access token",
        async () => withTimes(await accessToken("ada"), { iat: 1_700_000_000, exp: 1_700_000_900 }),
      ],
      ["the token of a suspended user", async () => {
        const { id, token } = await createProgram();
        await directus.admin("PATCH", `/users/${id}`, { status: "suspended" });
        return token;
      }],
    ] as const
  ) {
    Deno.test(`main.ts: ${name} is refused with 4501`, async () => {
      await using served = await serve(directus);

      await using client = new Client(`${served.url}?reject=close`, inHeader(await tokenOf()));

      assertEquals((await client.closed).code, 4501);
    });
  }

  for (
    const [name, act] of [
      [
        "was suspended",
        (id: string) => directus.admin("PATCH", `/users/${id}`, { status: "suspended" }),
      ],
      [
        "got another static token",
        (id: string) => directus.admin("PATCH", `/users/${id}`, { token: crypto.randomUUID() }),
      ],
      ["was deleted", (id: string) => directus.admin("DELETE", `/users/${id}`)],
    ] as const
  ) {
    Deno.test(`main.ts: a program whose user ${name} is closed with 4401`, async () => {
      const { id, token } = await createProgram();
      await using served = await serve(directus);
      await using client = await Client.connect(served.url, inHeader(token));
      await client.next();

      await act(id);

      assertEquals((await client.closed).code, 4401);
    });
  }

  Deno.test("main.ts: a session's token that was logged out elsewhere is closed with 4401", async () => {
    const cookie = await logIn(directus, "ada");
    await using served = await serve(directus);
    await using client = await Client.connect(served.url, inHeader(tokenIn(cookie)));
    await client.next();

    const { body } = await post(directus, "/auth/logout", { mode: "session" }, cookie);
    await body?.cancel();

    assertEquals((await client.closed).code, 4401);
  });

  Deno.test("main.ts: an access token is closed with 4401 when it expires, not an interval later", async () => {
    const exp = Math.ceil(Date.now() / 1_000) + 2;
    const token = withTimes(await accessToken("ada"), { exp });
    await using served = await serve(directus, { LIVE_REVALIDATE_INTERVAL_MS: "3600000" });
    await using client = await Client.connect(served.url, inHeader(token));
    await client.next();

    assertEquals((await client.closed).code, 4401);
  });

  Deno.test("main.ts: a program whose role loses a right loses its topic", async () => {
    const { id, token } = await createProgram();
    await using served = await serve(directus);
    await using client = await Client.connect(served.url, inHeader(token));
    await client.next();
    await client.subscribe("event:1");

    await directus.admin("PATCH", `/users/${id}`, { role: null });

    const { type, reason } = await client.next();
    assertEquals([type, reason], ["unsubscribed", "forbidden"]);
  });
}
