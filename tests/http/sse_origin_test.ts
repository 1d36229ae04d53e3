/**
 * Which pages may read a stream of events, and its refusals.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieOf } from "../support/authorities.ts";
import { knock } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const LISTED = "https://app.example";

for (
  const { name, allowed, origin, query = "topic=event:1", cookie = cookieOf("ada"), answer } of [
    { name: "a stream of a listed origin", allowed: [LISTED], origin: LISTED, answer: 200 },
    {
      name: "a stream of any origin where * is listed",
      allowed: ["*"],
      origin: LISTED,
      answer: 200,
    },
    {
      name: "a refusal of a listed origin",
      allowed: [LISTED],
      origin: LISTED,
      cookie: "x=1",
      answer: 401,
    },
    {
      name: "a refusal by an event of a listed origin",
      allowed: [LISTED],
      origin: LISTED,
      cookie: "x=1",
      query: "topic=event:1&reject=close",
      answer: 200,
    },
    {
      name: "a forbidden topic of a listed origin",
      allowed: [LISTED],
      origin: LISTED,
      query: "topic=secret:1",
      answer: 403,
    },
    {
      name: "a malformed request of a listed origin",
      allowed: [LISTED],
      origin: LISTED,
      query: "",
      answer: 400,
    },
  ]
) {
  testOnEach(`GET /sse lets a page read the answer to ${name}`, async (startLive) => {
    await using live = await startLive({ options: { allowedOrigins: new Set(allowed) } });

    const { status, headers } = await knock(live, `/sse?${query}`, { cookie, origin });

    assertEquals(status, answer);
    assertEquals(corsOf(headers), [LISTED, "true", "Origin"]);
  });
}

for (
  const { name, allowed, headers: asked, answer } of [
    {
      name: "to an origin that is not listed",
      allowed: [LISTED],
      headers: { origin: "https://evil.example" },
      answer: 403,
    },
    { name: "to a sandboxed frame", allowed: [LISTED], headers: { origin: "null" }, answer: 403 },
    { name: "to what sends no Origin", allowed: [LISTED], headers: {}, answer: 200 },
    { name: "to what sends no Origin where * is listed", allowed: ["*"], headers: {}, answer: 200 },
  ]
) {
  testOnEach(`GET /sse lets no other page read the answer ${name}`, async (startLive) => {
    await using live = await startLive({ options: { allowedOrigins: new Set(allowed) } });

    const { status, headers } = await knock(live, "/sse?topic=event:1", {
      cookie: cookieOf("ada"),
      ...asked,
    });

    assertEquals(status, answer);
    assertEquals(corsOf(headers), [null, null, "Origin"]);
  });
}

function corsOf(headers: Headers): (string | null)[] {
  return ["access-control-allow-origin", "access-control-allow-credentials", "vary"]
    .map((name) => headers.get(name));
}
