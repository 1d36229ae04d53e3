/**
 * One call to Directus: what is sent, and what the answers are taken for.
 *
 * @module
 */

import { assertEquals, assertNotMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { JsonAnswer } from "../../live/directus/get_json.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { call, serve, take } from "./get_json_fixtures.ts";

Deno.test("getJson() sends the session cookie, what it accepts, and nothing else", async () => {
  await using server = serve((request) => {
    const { cookie, accept } = Object.fromEntries(request.headers);
    return Response.json({ method: request.method, cookie, accept });
  });
  const answer = await call(fetch, server.url);
  assertEquals(answer, {
    kind: "json",
    json: { method: "GET", cookie: "session=s3cr3t", accept: "application/json" },
  });
});

Deno.test("getJson() gives fetch no header but two", async () => {
  let headers: string[] = [];
  await call((input, init) => {
    headers = [...new Request(input, init).headers.keys()];
    return Promise.resolve(Response.json(1));
  });
  assertEquals(headers, ["accept", "cookie"]);
});

for (
  const [name, text, json] of [
    ["an object", '{"data":{"id":"1"}}', { data: { id: "1" } }],
    ["null", "null", null],
    ["white space around", " \n[1]\n", [1]],
    ["a byte order mark", "\ufeff[1]", [1]],
    ["letters of several bytes", '"Ä日😀"', "Ä日😀"],
  ] as const
) {
  Deno.test(`getJson() reads ${name}, however it is cut into chunks`, async () => {
    const bytes = new TextEncoder().encode(text);
    const body = ReadableStream.from(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    assertEquals(await take(body), { kind: "json", json } as JsonAnswer);
  });
}

for (
  const [name, body] of [
    ["HTML", "<!doctype html><title>Directus</title>"],
    ["an empty body", ""],
    ["half of an object", '{"data":'],
    ["two values", "{}{}"],
    ["bytes that are no UTF-8", Uint8Array.of(0xff, 0xfe)],
  ] as const
) {
  Deno.test(`getJson() says that ${name} is not JSON`, async () => {
    assertEquals(await take(body), { kind: "not-json" });
  });
}

Deno.test("getJson() says that no body is not JSON", async () => {
  assertEquals(await take(null, { status: 204 }), { kind: "not-json" });
});

for (const status of [401, 403] as const) {
  Deno.test(`getJson() is denied by ${status}, whatever the body`, async () => {
    assertEquals(await take('{"data":{"id":"1"}}', { status }), { kind: "denied", status });
  });

  Deno.test(`getJson() is denied by ${status} though its body breaks off`, async () => {
    const body = new ReadableStream({
      start: (controller) => controller.error(new Error("reset")),
    });
    assertEquals(await take(body, { status }), { kind: "denied", status });
  });

  Deno.test(`getJson() is denied by ${status} though its body cannot be cancelled`, async () => {
    const body = new ReadableStream({ cancel: () => new Promise(() => {}) });
    assertEquals(await take(body, { status }), { kind: "denied", status });
  });
}

for (
  const [cause, statuses] of [
    ["other", [301, 302, 303, 307, 308, 400, 404, 408, 428, 430, 431]],
    ["limited", [429]],
    ["fault", [500, 502, 503, 504]],
  ] as const
) {
  for (const status of statuses) {
    Deno.test(`getJson() fails with ${status}, cause ${cause}, whatever the body`, async () => {
      assertEquals(await take('{"data":{"id":"1"}}', { status }), {
        kind: "failed",
        cause,
        reason: `status ${status}`,
      });
    });
  }
}

for (
  const [header, retryAfterMs] of [
    ["1", 1_000],
    ["0120", 120_000],
    ["300", 300_000],
    ["301", 300_000],
    ["9".repeat(400), 300_000],
    ["Sun, 01 Jan 2040 00:00:07 GMT", 7_000],
    ["Sunday, 01-Jan-40 00:00:07 GMT", 7_000],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 300_000],
    ["0", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["Infinity", undefined],
    ["soon", undefined],
    ["", undefined],
    ["Sat, 31 Dec 2039 23:59:59 GMT", undefined],
    ["Sun, 01 Jan 2040 00:00:00 GMT", undefined],
  ] as const
) {
  Deno.test(`getJson() takes Retry-After: ${header.slice(0, 40)} for ${retryAfterMs} ms`, async () => {
    using _time = new FakeTime("2040-01-01T00:00:00Z");
    const answer = await take("", { status: 429, headers: { "retry-after": header } });
    assertEquals(answer, {
      kind: "failed",
      cause: "limited",
      reason: "status 429",
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  });
}

for (const [status, where] of [[302, "elsewhere"], [307, "elsewhere"], [302, "/login"]] as const) {
  Deno.test(`getJson() hands the cookie to nobody a ${status} leads to: ${where}`, async () => {
    const reached: string[] = [];
    const handle = (request: Request) => {
      reached.push(request.url);
      return Response.json({ data: { id: "1" } });
    };
    await using elsewhere = serve(handle);
    const location = where === "elsewhere" ? elsewhere.url : where;
    await using server = serve((request) =>
      request.url === server.url
        ? new Response(null, { status, headers: { location } })
        : handle(request)
    );
    assertEquals(await call(fetch, server.url), {
      kind: "failed",
      cause: "other",
      reason: `status ${status}`,
    });
    assertEquals(reached, []);
  });
}

for (const [name, odd] of [["a line break", "\n"], ["a NUL", "\0"], ["a wide letter", "日"]]) {
  Deno.test(`getJson() does not tell a cookie with ${name}, which no header can hold`, async () => {
    const cookie = new SessionCookie("session", `s3cr3t${odd}s3cr3t`);
    const answer = await call(fetch, undefined, cookie);
    assertEquals(answer.kind, "failed");
    assertNotMatch(JSON.stringify(answer), /s3cr3t/);
  });
}
