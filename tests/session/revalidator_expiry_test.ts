/**
 * Sessions whose tokens expire between two revalidations.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BearerToken, type Credential } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { jwtOf } from "../support/jwt.ts";
import { INTERVAL_MS, RevalidatorSetup, UNAVAILABLE } from "./revalidator_setup.ts";

/** When the tokens expire, in milliseconds: the clock begins at 0. */
const EXPIRES_MS = 20_000;

const TOKEN = jwtOf({ exp: EXPIRES_MS / 1_000 });

for (
  const [name, credential] of [
    ["bearer token", new BearerToken(TOKEN)],
    ["session cookie", new SessionCookie("session", TOKEN)],
  ] as [string, Credential][]
) {
  Deno.test(`Revalidator ends a session with 4401 a second after its ${name} has expired`, async () => {
    using setup = new RevalidatorSetup();
    setup.add("first"); // takes the phase in which sessions are checked at the end of the interval
    const { socket } = setup.addWith(credential, "ada");
    setup.answers.set(credential.requestHeader()?.[1].replace(/.*=/, "") ?? "", {
      kind: "unauthorized",
    });

    await setup.pass(EXPIRES_MS + 999);
    const before = [...socket.closes];
    await setup.pass(1);

    assertEquals([before, socket.closes], [[], [[4401, "session is no longer good"]]]);
  });
}

Deno.test("Revalidator keeps its schedule for a session that is still valid after its expiry", async () => {
  using setup = new RevalidatorSetup();
  setup.addWith(new BearerToken(TOKEN), "ada");

  await setup.pass(EXPIRES_MS + 1_000);
  const asked = setup.authority.asked.length;
  const counts = await setup.passAndCount(4, INTERVAL_MS);

  assertEquals([asked, counts.reduce((sum, count) => sum + count)], [1, 4]);
});

Deno.test("Revalidator keeps a session that has expired while Directus cannot be asked", async () => {
  using setup = new RevalidatorSetup();
  const { socket } = setup.addWith(new BearerToken(TOKEN), "ada");
  setup.answers.set(`Bearer ${TOKEN}`, UNAVAILABLE);

  await setup.pass(EXPIRES_MS + 1_000);

  assertEquals([setup.authority.asked.length, socket.closes], [1, []]);
});

Deno.test("Revalidator with an interval of 0 checks no session, expired or not", async () => {
  using setup = new RevalidatorSetup(0);
  setup.addWith(new BearerToken(TOKEN), "ada");

  await setup.pass(2 * EXPIRES_MS);

  assertEquals(setup.authority.asked, []);
});
