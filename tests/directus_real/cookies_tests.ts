/**
 * The Cookie header: a real Directus sees in what is forwarded the user that it sees in the whole
 * header.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { sessionCookie } from "../../live/http/credentials.ts";
import { logIn, ME } from "../directus/contract_setup.ts";
import { cookieRows, SESSION } from "../http/cookie_contract.ts";
import type { RealDirectus } from "./real_directus.ts";

/** Registers the tests. */
export function cookies(directus: RealDirectus): void {
  /** Returns the id of the user whom Directus sees, if it sees one. */
  async function ask(cookie: string | undefined): Promise<unknown> {
    const headers: HeadersInit = cookie === undefined ? {} : { cookie };
    const response = await directus.fetch(ME, { headers });
    return (await response.json()).data?.id;
  }

  for (const { name, header } of cookieRows) {
    Deno.test(`sessionCookie() forwards what Directus reads in ${name}`, async () => {
      const [ada = "", bob = ""] = await Promise.all(
        ["ada", "bob"].map(async (user) => (await logIn(directus, user)).split("=")[1]),
      );
      const cookie = header(ada, bob);
      const request = new Request("http://live.example/", { headers: { cookie } });

      const forwarded = sessionCookie(request, SESSION);

      assertEquals(await ask(forwarded?.requestHeader()[1]), await ask(cookie));
    });
  }
}
