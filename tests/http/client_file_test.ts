/**
 * Tests of the browser client on the live listener.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import types from "../../live/client/client.d.ts.txt" with { type: "text" };
import client from "../../live/client/client.min.js" with { type: "text" };
import tarball from "../../live/client/client.tgz.txt" with { type: "text" };
import { clientFile } from "../../live/http/client_file.ts";
import { testOnEach } from "../support/transports.ts";

const URL_OF_CLIENT = "http://live.test/live/client.js";

/** The files, their contents and their own headers. */
const FILES = [
  ["/live/client.js", new TextEncoder().encode(client), {
    "content-type": "text/javascript; charset=utf-8",
    "x-typescript-types": "./client.d.ts",
  }],
  ["/live/client.d.ts", new TextEncoder().encode(types), {
    "content-type": "application/typescript; charset=utf-8",
  }],
  ["/live/client.tgz", Uint8Array.fromBase64(tarball), { "content-type": "application/gzip" }],
] as const;

/** Headers of every file, without those of the server. */
const HEADERS = {
  "access-control-allow-origin": "*",
  "cache-control": "public, max-age=300",
  "x-content-type-options": "nosniff",
};

/** Headers that a transport adds. */
const OF_THE_TRANSPORT = ["connection", "date", "keep-alive", "vary"];

/** Returns the tag of a file. */
function etag(url = URL_OF_CLIENT): string {
  return clientFile(new Request(url))?.headers.get("etag") ?? "";
}

for (const [path, content, ownHeaders] of FILES) {
  for (const method of ["GET", "HEAD"]) {
    testOnEach(`LiveServer answers ${method} ${path} with the file`, async (startLive) => {
      await using live = await startLive();

      const response = await fetch(`${live.http}${path}?v=1`, {
        method,
        headers: { "accept-encoding": "identity", "origin": "https://app.example" },
      });

      assertEquals(response.status, 200);
      assertEquals(await response.bytes(), method === "GET" ? content : new Uint8Array());
      const { etag: tag, ...headers } = Object.fromEntries(response.headers);
      for (const name of OF_THE_TRANSPORT) delete headers[name];
      const length = String(content.length);
      assertEquals(headers, { ...HEADERS, ...ownHeaders, "content-length": length });
      assertMatch(tag ?? "", /^"[\w-]{43}"$/);
    });
  }

  testOnEach(`LiveServer answers 304 to a browser that has ${path}`, async (startLive) => {
    await using live = await startLive();
    const tag = etag(`http://live.test${path}`);

    const response = await fetch(`${live.http}${path}`, { headers: { "if-none-match": tag } });

    assertEquals([response.status, await response.text()], [304, ""]);
    assertEquals(response.headers.get("etag"), tag);
    assertEquals(response.headers.get("cache-control"), HEADERS["cache-control"]);
    assertEquals(response.headers.get("access-control-allow-origin"), "*");
  });
}

Deno.test("the files of the client have different tags", () => {
  const tags = FILES.map(([path]) => etag(`http://live.test${path}`));

  assertEquals(new Set(tags).size, FILES.length);
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
    ["POST", "/live/client.tgz"],
    ["GET", "/live/client.tgz.txt"],
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
