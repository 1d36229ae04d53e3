/**
 * What happens to connections when their sessions change.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { LiveClient } from "../../live/client/live_client.ts";
import { loggedOut, logIn, post, refreshed } from "../directus/contract_setup.ts";
import { Client } from "../support/client.ts";
import { Watch } from "../support/queue.ts";
import type { RealDirectus } from "./real_directus.ts";
import { serve } from "./server_setup.ts";
import { createUser, shareOf, type World } from "./world_setup.ts";

/** Registers the tests. */
export function sessions(directus: RealDirectus, world: World): void {
  const { editor } = world;

  async function logOut(cookie: string): Promise<void> {
    const { body } = await post(directus, "/auth/logout", { mode: "session" }, cookie);
    await body?.cancel();
  }

  Deno.test("main.ts: welcome contains the fields of the user that the user may read", async () => {
    await using served = await serve(directus);
    const welcome = async (user: string) => {
      const cookie = await logIn(directus, user);
      await using client = await Client.connect(served.url, { cookie });
      return (await client.next()).user;
    };
    const [ada, bob] = [await welcome("ada"), await welcome("bob")];
    assertEquals([ada.email, ada.first_name, ada.role], ["ada@example.com", "Ada", editor]);
    assertEquals([typeof bob.id, bob.email, bob.first_name, bob.role], [
      "string",
      null,
      null,
      null,
    ]);
  });

  for (
    const [name, cookieFor] of [
      ["a share", () => shareOf(directus, world)],
      ["a refresh token alone", async () => {
        const login = { email: "ada@example.com", password: "demo", mode: "cookie" };
        const response = await post(directus, "/auth/login", login);
        await response.body?.cancel();
        return response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? "";
      }],
      ["a session that was logged out", () => loggedOut(directus)],
    ] as const
  ) {
    Deno.test(`main.ts: ${name} is refused`, async () => {
      await using served = await serve(directus);
      const cookie = await cookieFor();
      await assertRejects(() => served.connect(cookie));
      await using client = new Client(`${served.url}?reject=close`, { cookie });
      assertEquals((await client.closed).code, 4501);
    });
  }

  Deno.test("main.ts: a static token is accepted as the session's cookie", async () => {
    const token = "a-static-token-of-a-program";
    await createUser(directus, "program", { role: editor, token });
    await using served = await serve(directus);
    await using client = await served.connect(`directus_session_token=${token}`);
    assertEquals((await client.subscribe("event:1")).type, "subscribed");
  });

  for (
    const [name, act] of [
      ["logged out", (_id: string, cookie: string) => logOut(cookie)],
      [
        "was suspended",
        (id: string) => directus.admin("PATCH", `/users/${id}`, { status: "suspended" }),
      ],
      ["got another password", (id: string) =>
        directus.admin("PATCH", `/users/${id}`, {
          password: "another",
        })],
      ["was deleted", (id: string) => directus.admin("DELETE", `/users/${id}`)],
    ] as const
  ) {
    Deno.test(`main.ts: a user who ${name} elsewhere is closed with 4401`, async () => {
      const user = crypto.randomUUID();
      const id = await createUser(directus, user, { role: editor });
      const cookie = await logIn(directus, user);
      await using served = await serve(directus);
      await using client = await served.connect(cookie);
      await client.subscribe("event:1");

      await act(id, cookie);

      assertEquals((await client.closed).code, 4401);
    });
  }

  Deno.test("main.ts: a client whose cookie was refreshed reconnects and misses nothing", async () => {
    await using served = await serve(directus);
    let cookie = await logIn(directus, "ada");
    const closed: Promise<number>[] = [];
    const live = new LiveClient(served.url, {
      webSocket(url) { // as a browser does, with the current cookie
        const socket = new WebSocket(url, { headers: { cookie } });
        closed.push(
          new Promise((resolve) => socket.addEventListener("close", ({ code }) => resolve(code))),
        );
        return socket;
      },
    }, { page: globalThis, random: () => 0 });
    const received: unknown[] = [];
    const starts: boolean[] = [];
    const watch = new Watch();
    live.subscribe("event:1", {
      onStart: ({ recovered }) => (starts.push(recovered), watch.changed()),
      onMessage: ({ data }) => (received.push(data), watch.changed()),
    });
    await watch.until(() => starts.length === 1);
    await served.publish("event:1", 1);

    cookie = await refreshed(directus, cookie);
    assertEquals(await closed[0], 4401); // once the old cookie is no longer accepted
    await served.publish("event:1", 2);
    await watch.until(() => starts.length === 2);
    await served.publish("event:1", 3);
    await watch.until(() => received.length === 3);

    assertEquals([received, starts], [[1, 2, 3], [false, true]]);
    live.close();
    await Promise.all(closed);
  });
}
