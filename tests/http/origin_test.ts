/**
 * Tests of the Origin check, and of the CORS headers of streams.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isOriginAllowed } from "../../live/http/handshake.ts";
import { cookieOf } from "../support/authorities.ts";
import { knock } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const LISTED = "https://app.example";
const EVIL = "https://evil.example";
const WILD = "https://*.app.example";
const FOREIGN = { "sec-fetch-site": "cross-site" };

for (
  const [name, allowed, headers, answer] of [
    ["a listed origin", [LISTED], { origin: LISTED }, true],
    ["one of several listed origins", ["https://x.example", LISTED], { origin: LISTED }, true],
    ["an origin that is not listed", [LISTED], { origin: EVIL }, false],
    ["an origin with an empty list", [], { origin: EVIL }, false],
    ["a sandboxed frame", [LISTED], { origin: "null" }, false],
    ["an empty Origin", [LISTED], { origin: "" }, false],
    ["the Origin *", [LISTED], { origin: "*" }, false],
    ["a subdomain of a listed origin", [LISTED], { origin: "https://evil.app.example" }, false],
    ["a listed origin as a prefix", [LISTED], { origin: `${LISTED}.evil.example` }, false],
    ["a listed origin with another scheme", [LISTED], { origin: "http://app.example" }, false],
    ["a listed origin with another port", [LISTED], { origin: `${LISTED}:8443` }, false],
    ["a subdomain of a wildcard", [WILD], { origin: "https://a.app.example" }, true],
    ["the domain of a wildcard itself", [WILD], { origin: "https://app.example" }, false],
    ["a subdomain of a wildcard's subdomain", [WILD], { origin: "https://a.b.app.example" }, false],
    [
      "an empty label before a wildcard's domain",
      [WILD],
      { origin: "https://.app.example" },
      false,
    ],
    ["a wildcard's domain as a prefix", [WILD], { origin: "https://a.app.example.evil" }, false],
    ["a wildcard's domain as a suffix", [WILD], { origin: "https://evil-app.example" }, false],
    ["a wildcard's text", [WILD], { origin: WILD }, false],
    ["a wildcard with another scheme", [WILD], { origin: "http://a.app.example" }, false],
    ["a wildcard with another port", [WILD], { origin: "https://a.app.example:8443" }, false],
    ["a wildcard's domain with a user", [WILD], { origin: "https://x@a.app.example" }, false],
    ["a wildcard's domain in a path", [WILD], { origin: "https://evil.com/.app.example" }, false],
    ["a port of a wildcard", [`${WILD}:1`], { origin: "https://a.app.example:1" }, true],
    ["an app", ["capacitor://localhost"], { origin: "capacitor://localhost" }, true],
    ["another app", ["capacitor://localhost"], { origin: "ionic://localhost" }, false],
    ["any origin with *", ["*"], { origin: EVIL }, true],
    ["a sandboxed frame with *", ["*"], { origin: "null" }, true],
    ["a non-browser client", [LISTED], {}, true],
    ["a non-browser client with an empty list", [], {}, true],
    ["a page's request to its own origin", [], { "sec-fetch-site": "same-origin" }, true],
    ["a request by the user", [], { "sec-fetch-site": "none" }, true],
    ["an image on a foreign page", [LISTED], FOREIGN, false],
    ["an image on a page of the same site", [LISTED], { "sec-fetch-site": "same-site" }, false],
    ["an image on a foreign page with *", ["*"], FOREIGN, true],
    ["a listed origin on another site", [LISTED], { origin: LISTED, ...FOREIGN }, true],
  ] as const
) {
  Deno.test(`isOriginAllowed() ${answer ? "allows" : "refuses"} ${name}`, () => {
    const request = new Request("http://live.example/", { headers });

    assertEquals(isOriginAllowed(request, new Set(allowed)), answer);
  });
}

/** Rows: the response, allowed origins, the request's Origin, its query and cookie, the status. */
for (
  const [name, allowed, origin, query, cookie, status, isReadable] of [
    ["a stream", [LISTED], LISTED, "topic=event:1", cookieOf("ada"), 200, true],
    ["a stream with *", ["*"], LISTED, "topic=event:1", cookieOf("ada"), 200, true],
    ["a refusal", [LISTED], LISTED, "topic=event:1", "x=1", 401, true],
    ["a refusal as an event", [LISTED], LISTED, "topic=event:1&reject=close", "x=1", 200, true],
    ["a forbidden topic", [LISTED], LISTED, "topic=secret:1", cookieOf("ada"), 403, true],
    ["a malformed request", [LISTED], LISTED, "", cookieOf("ada"), 400, true],
    ["a foreign page's request", [LISTED], EVIL, "topic=event:1", cookieOf("ada"), 403, false],
    ["a sandboxed frame's request", [LISTED], "null", "topic=event:1", cookieOf("ada"), 403, false],
    ["a request without Origin", [LISTED], undefined, "topic=event:1", cookieOf("ada"), 200, false],
  ] as const
) {
  testOnEach(
    `GET /sse ${isReadable ? "allows" : "forbids"} a page to read the response to ${name}`,
    async (startLive) => {
      await using live = await startLive({ options: { allowedOrigins: new Set(allowed) } });
      const asked = origin === undefined ? { cookie } : { cookie, origin };

      const head = await knock(live, `/sse?${query}`, asked);

      assertEquals(head.status, status);
      assertEquals(
        ["access-control-allow-origin", "access-control-allow-credentials", "vary"]
          .map((name) => head.headers.get(name)),
        [isReadable ? LISTED : null, isReadable ? "true" : null, "Origin"],
      );
    },
  );
}
