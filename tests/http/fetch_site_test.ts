/**
 * Requests of browsers that carry no Origin: the browser tells where they came from.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isOriginAllowed } from "../../live/http/handshake.ts";

const PAGE = "https://app.example.com";

for (
  const { name, headers, allowed, answer } of [
    { name: "neither", headers: {}, allowed: [PAGE], answer: true },
    {
      name: "its own page",
      headers: { "sec-fetch-site": "same-origin" },
      allowed: [],
      answer: true,
    },
    { name: "its user", headers: { "sec-fetch-site": "none" }, allowed: [], answer: true },
    {
      name: "a foreign page",
      headers: { "sec-fetch-site": "cross-site" },
      allowed: [PAGE],
      answer: false,
    },
    {
      name: "a neighbour's page",
      headers: { "sec-fetch-site": "same-site" },
      allowed: [PAGE],
      answer: false,
    },
    {
      name: "a foreign page, where all are",
      headers: { "sec-fetch-site": "cross-site" },
      allowed: ["*"],
      answer: true,
    },
    {
      name: "a page that is listed",
      headers: { origin: PAGE, "sec-fetch-site": "cross-site" },
      allowed: [PAGE],
      answer: true,
    },
  ]
) {
  Deno.test(`isOriginAllowed() ${answer ? "allows" : "refuses"} a request of ${name}`, () => {
    const request = new Request("http://live.example/sse", { headers });
    assertEquals(isOriginAllowed(request, new Set(allowed)), answer);
  });
}
