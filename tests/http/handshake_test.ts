/**
 * Tests of upgrade requests on the wire, and of requests that are none.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { testOnEach } from "../support/transports.ts";

const cookie = cookieOf("ada");

for (
  const [name, method, headers] of [
    ["a plain GET", "GET", { connection: undefined, upgrade: undefined }],
    ["a HEAD", "HEAD", { connection: undefined, upgrade: undefined }],
    ["a POST", "POST", { connection: undefined, upgrade: undefined, "content-length": "0" }],
    ["a POST that asks for an upgrade", "POST", {}],
    ["a GET with Upgrade but without Connection", "GET", { connection: undefined }],
    ["a GET with Connection but without Upgrade", "GET", { upgrade: undefined }],
    ["an upgrade to HTTP/2", "GET", { upgrade: "h2c" }],
    ["an Upgrade that Connection does not list", "GET", { connection: "keep-alive" }],
    ["an upgrade to an unknown protocol", "GET", { upgrade: "websocket2" }],
  ] as const
) {
  testOnEach(`LiveServer answers 404 to ${name}`, async (startLive) => {
    const authority = fakeAuthority();
    await using live = await startLive({ authority });
    using client = await RawClient.connect(live.port);

    await client.request(
      "/any/path?reject=close",
      { ...UPGRADE_HEADERS, cookie, ...headers },
      method,
    );
    const head = await client.head();

    assertEquals(head.status, 404);
    assertEquals(head.headers.get("content-length"), "0");
    assertEquals(head.headers.get("connection"), "close");
    assertEquals(authority.asked, []);
    assertEquals(live.metrics.upgrades, []);
  });
}

for (
  const [name, headers, status, version] of [
    ["without a key", { "sec-websocket-key": undefined }, 400, null],
    ["with an empty key", { "sec-websocket-key": "" }, 400, null],
    ["with a key of 15 bytes", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25j" }, 400, null],
    ["with a key that is not base64", { "sec-websocket-key": `${"!".repeat(22)}==` }, 400, null],
    ["without a version", { "sec-websocket-version": undefined }, 426, "13"],
    ["with version 8", { "sec-websocket-version": "8" }, 426, "13"],
    ["with two versions", { "sec-websocket-version": "13, 8" }, 426, "13"],
  ] as const
) {
  for (const path of ["/", "/?reject=close"]) {
    testOnEach(`LiveServer answers ${status} to a handshake ${name}, at ${path}`, async (start) => {
      const authority = fakeAuthority();
      await using live = await start({ authority });

      const head = await live.knock(path, { cookie, ...headers });

      assertEquals(head.status, status);
      assertEquals(head.headers.get("sec-websocket-version"), version);
      assertEquals(head.headers.get("content-length"), "0");
      assertEquals(head.headers.get("connection"), "close");
      assertEquals(authority.asked, []);
      assertEquals(live.metrics.upgrades, ["malformed"]);
    });
  }
}

testOnEach("LiveServer answers with the hash of the key", async (startLive) => {
  await using live = await startLive();

  const head = await live.knock("/", { cookie });

  // The example of RFC 6455, section 1.3.
  assertEquals(head.status, 101);
  assertEquals(head.headers.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

for (
  const [name, path, headers] of [
    ["at any path", "/any/path?x=1", {}],
    ["with tokens in any case", "/", { upgrade: "WebSocket", connection: "UPGRADE" }],
    ["with tokens among others", "/", { upgrade: "h2c, websocket", connection: "x, upgrade" }],
    ["with two Connection headers", "/", { connection: "keep-alive", Connection: "Upgrade" }],
    ["with an invalid Host", "/", { host: "[" }],
    ["with an invalid path", "//[", {}],
    ["with other cookies", "/", { cookie: `a=1; ${cookie}; b="2"` }],
  ] as const
) {
  testOnEach(`LiveServer upgrades a handshake ${name}`, async (startLive) => {
    await using live = await startLive();

    assertEquals((await live.knock(path, { cookie, ...headers })).status, 101);
  });
}

testOnEach("LiveServer agrees to no extension and to no sub-protocol", async (startLive) => {
  await using live = await startLive();

  const head = await live.knock("/", {
    cookie,
    "sec-websocket-extensions": "permessage-deflate",
    "sec-websocket-protocol": "chat",
  });

  assertEquals(head.status, 101);
  assertEquals(head.headers.get("sec-websocket-extensions"), null);
  assertEquals(head.headers.get("sec-websocket-protocol"), null);
});

testOnEach("LiveServer keeps serving after bytes that are not HTTP", async (startLive) => {
  await using live = await startLive();
  using client = await RawClient.connect(live.port);

  await client.write("\x16\x03\x01 no TLS here\r\n\r\n");
  await client.ended();

  assertEquals((await live.knock("/", { cookie })).status, 101);
});
