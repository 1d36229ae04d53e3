/**
 * Tests of the Cookie header: the live server sees the session that Directus would see.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { connect } from "node:http2";
import { sessionCookie } from "../../live/http/credentials.ts";
import { fakeAuthority } from "../support/authorities.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { testOn, testOnEach } from "../support/transports.ts";
import { cookieRows, SESSION } from "./cookie_contract.ts";

for (const { name, header, value } of cookieRows) {
  Deno.test(`sessionCookie() reads ${name} as Directus does`, () => {
    const headers = { cookie: header("ada", "bob") };

    const cookie = sessionCookie(new Request("http://live.example/", { headers }), SESSION);

    const expected = value("ada", "bob");
    assertEquals(cookie?.requestHeader()[1], expected && `${SESSION}=${expected}`);
  });
}

Deno.test("sessionCookie() reads no cookie without a header", () => {
  assertEquals(sessionCookie(new Request("http://live.example/"), SESSION), undefined);
});

for (
  const [first, second, user] of [
    [`${SESSION}=ada`, "x=1", "ada"],
    ["x=1", `${SESSION}=ada`, "ada"],
    [`${SESSION}=ada`, `${SESSION}=bob`, "ada"],
    ["x", `${SESSION}=ada;`, "ada"],
    [`${SESSION}=a,d`, "x=1", "a,d"],
  ] as const
) {
  for (const path of ["/", "/sse?topic=event:1"]) {
    testOnEach(
      `LiveServer joins the Cookie lines "${first}" and "${second}" at ${path}`,
      async (startLive) => {
        const authority = fakeAuthority();
        await using live = await startLive({ authority });
        using client = await RawClient.connect(live.port);
        const upgrade = path === "/" ? UPGRADE_HEADERS : { host: "live.example" };

        await client.request(path, { ...upgrade, cookie: first, Cookie: second });
        await client.head();

        assertEquals(authority.asked[0], `authenticate ${user}`);
      },
    );
  }
}

testOn("deno", "LiveServer joins the cookie fields of an HTTP/2 request", async (startLive) => {
  const authority = fakeAuthority();
  await using live = await startLive({ authority });
  const client = connect(live.http);
  const stream = client.request({
    ":path": "/sse?topic=secret:1",
    cookie: ["x=1", `${SESSION}=ada`, `${SESSION}=bob`],
  });
  const ended = Promise.withResolvers<void>();
  stream.on("close", ended.resolve);
  stream.resume();

  await ended.promise;

  assertEquals(authority.asked[0], "authenticate ada");
  const closed = Promise.withResolvers<void>();
  client.close(closed.resolve);
  await closed.promise;
});
