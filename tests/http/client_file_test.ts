/**
 * Tests of the browser client on the live listener.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import client from "../../live/client/client.min.js" with { type: "text" };
import { clientFile } from "../../live/http/client_file.ts";
import { testOnEach } from "../support/transports.ts";

const URL_OF_CLIENT = "http://live.test/live/client.js";

/** Headers of the file, without those of the server. */
const HEADERS = {
  "access-control-allow-origin": "*",
  "cache-control": "public, max-age=300",
  "content-type": "text/javascript; charset=utf-8",
  "x-content-type-options": "nosniff",
};

/** Headers that a transport adds. */
const OF_THE_TRANSPORT = ["connection", "date", "keep-alive", "vary"];

/** Returns the tag of the file. */
function etag(): string {
  return clientFile(new Request(URL_OF_CLIENT))?.headers.get("etag") ?? "";
}

for (const method of ["GET", "HEAD"]) {
  testOnEach(`LiveServer answers ${method} /live/client.js with the client`, async (startLive) => {
    await using live = await startLive();

    const response = await fetch(`${live.http}/live/client.js?v=1`, {
      method,
      headers: { "accept-encoding": "identity", "origin": "https://app.example" },
    });

    assertEquals(response.status, 200);
    assertEquals(await response.text(), method === "GET" ? client : "");
    const { etag: tag, ...headers } = Object.fromEntries(response.headers);
    for (const name of OF_THE_TRANSPORT) delete headers[name];
    assertEquals(headers, { ...HEADERS, "content-length": String(client.length) });
    assertMatch(tag ?? "", /^"[\w-]{43}"$/);
  });
}

testOnEach("LiveServer answers 304 to a browser that has the client", async (startLive) => {
  await using live = await startLive();

  const response = await fetch(`${live.http}/live/client.js`, {
    headers: { "if-none-match": etag() },
  });

  assertEquals([response.status, await response.text()], [304, ""]);
  assertEquals(response.headers.get("etag"), etag());
  assertEquals(response.headers.get("cache-control"), HEADERS["cache-control"]);
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
});

for (
  const [name, tags, status] of [
    ["its tag, made weak by a proxy that compresses", () => `W/${etag()}`, 304],
    ["its tag among others", () => `"a", ${etag()}`, 304],
    ["any tag", () => "*", 304],
    ["another tag", () => '"a"', 200],
    ["a part of its tag", () => etag().slice(0, 20), 200],
  ] as const
) {
  Deno.test(`clientFile() answers ${status} to ${name}`, () => {
    const headers = { "if-none-match": tags() };

    assertEquals(clientFile(new Request(URL_OF_CLIENT, { headers }))?.status, status);
  });
}

for (
  const [method, path] of [
    ["POST", "/live/client.js"],
    ["OPTIONS", "/live/client.js"],
    ["GET", "/live/client.jsx"],
    ["GET", "/live/"],
    ["GET", "/client.js"],
    ["GET", "/live/../main.ts"],
  ] as const
) {
  testOnEach(`LiveServer answers 404 to ${method} ${path}`, async (startLive) => {
    await using live = await startLive();

    const response = await fetch(live.http + path, { method });

    assertEquals([response.status, await response.text()], [404, ""]);
  });
}

testOnEach("LiveServer serves the client to pages of any origin", async (startLive) => {
  await using live = await startLive({
    options: { allowedOrigins: new Set(["https://a.example"]) },
  });

  const response = await fetch(`${live.http}/live/client.js`, {
    headers: { origin: "https://b.example" },
  });

  assertStringIncludes(await response.text(), "export{");
});
