/**
 * Tests of one request to Directus: what it sends, and how it reads the response.
 *
 * @module
 */

import { assertEquals, assertNotMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { JsonResponse } from "../../live/directus/json_request.ts";
import { PUBLIC } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { failure, get, receive, serve, TIMEOUT_MS } from "./request_setup.ts";

Deno.test("requestJson() sends the session cookie and no other header of its own", async () => {
  await using server = serve((request) => {
    const { cookie, accept } = Object.fromEntries(request.headers);
    return Response.json({ method: request.method, cookie, accept });
  });
  let headers: string[] = [];
  const response = await get((input, init) => {
    headers = [...new Request(input, init).headers.keys()];
    return fetch(input, init);
  }, server.url);
  const json = { method: "GET", cookie: "session=s3cr3t", accept: "application/json" };
  assertEquals([headers, response], [["accept", "cookie"], { kind: "json", json }]);
});

Deno.test("requestJson() sends no credential for the public", async () => {
  let headers: string[] = [];
  await get(
    (input, init) => {
      headers = [...new Request(input, init).headers.keys()];
      return Promise.resolve(Response.json({ data: {} }));
    },
    undefined,
    PUBLIC,
  );

  assertEquals(headers, ["accept"]);
});

for (
  const [name, text, json] of [
    ["an object", '{"data":{"id":"1"}}', { data: { id: "1" } }],
    ["null", "null", null],
    ["a byte order mark", "\ufeff[1]", [1]],
    ["multi-byte characters", '"Ä日😀"', "Ä日😀"],
  ] as const
) {
  Deno.test(`requestJson() parses ${name} from chunks of one byte`, async () => {
    const bytes = new TextEncoder().encode(text);
    const body = ReadableStream.from(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    assertEquals(await receive(body), { kind: "json", json } as JsonResponse);
  });
}

for (
  const [name, body, status] of [
    ["HTML", "<!doctype html><title>Directus</title>", 200],
    ["an empty body", "", 200],
    ["no body", null, 204],
    ["half an object", '{"data":', 200],
    ["invalid UTF-8", Uint8Array.of(0xff, 0xfe), 200],
  ] as const
) {
  Deno.test(`requestJson() treats ${name} with status ${status} as a foreign answer`, async () => {
    assertEquals(await receive(body, { status }), failure("foreign", "response is not JSON"));
  });
}

/** Directus's answer to a request that it refuses. */
function refusal(code: unknown, reason?: string, message: unknown = "Not allowed."): string {
  return JSON.stringify({ errors: [{ message, extensions: { code, reason } }] });
}

for (
  const [kind, status, code] of [
    ["denied", 401, "INVALID_CREDENTIALS"],
    ["denied", 401, "TOKEN_EXPIRED"],
    ["denied", 403, "FORBIDDEN"],
    ["denied", 403, "INVALID_TOKEN"],
    ["rejected", 400, "INVALID_QUERY"],
    ["rejected", 404, "ROUTE_NOT_FOUND"],
    ["rejected", 413, "CONTENT_TOO_LARGE"],
  ] as const
) {
  Deno.test(`requestJson() is ${kind} by Directus's ${status} ${code}, with its reason`, async () => {
    const answers = [refusal(code), refusal(code, "No field x"), refusal(code, "", 1)];
    const responses = await Promise.all(answers.map((body) => receive(body, { status })));
    assertEquals(
      responses,
      ["Not allowed.", "No field x", ""].map((reason) => ({ kind, status, code, reason })),
    );
  });
}

for (
  const [name, body] of [
    ["HTML", "<!doctype html><title>Log in</title>"],
    ["no body", ""],
    ["JSON of another server", '{"error":"Unauthorized"}'],
    ["no errors", '{"errors":[]}'],
    ["an error without a code", refusal(undefined)],
    ["a code in small letters", refusal("access_denied")],
    ["errors in __proto__", `{"__proto__":${refusal("FORBIDDEN")}}`],
  ] as const
) {
  Deno.test(`requestJson() treats 400, 401, 403 and 404 with ${name} as foreign answers`, async () => {
    for (const status of [400, 401, 403, 404]) {
      const expected = failure("foreign", `status ${status} without Directus's error`);
      assertEquals(await receive(body, { status }), expected);
    }
  });
}

Deno.test("requestJson() ignores the body if the status is enough", async () => {
  const sources: UnderlyingDefaultSource[] = [
    { start: (body) => body.error(new Error("reset")) },
    { cancel: () => new Promise(() => {}) },
  ];
  for (const source of sources) {
    const response = await receive(new ReadableStream(source), { status: 503 });
    assertEquals(response, failure("outage", "status 503"));
  }
});

for (
  const [cause, statuses] of [
    ["foreign", [301, 302, 303, 307, 308]],
    ["rate-limit", [429]],
    ["outage", [500, 502, 503, 504]],
  ] as const
) {
  for (const status of statuses) {
    Deno.test(`requestJson() fails with cause ${cause} on status ${status}`, async () => {
      const response = await receive('{"data":{"id":"1"}}', { status });
      assertEquals(response, failure(cause, `status ${status}`));
    });
  }
}

for (
  const [header, retryAfterMs] of [
    ["1", 1_000],
    ["300", 300_000],
    ["301", 300_000],
    ["9".repeat(400), 300_000],
    ["Sun, 01 Jan 2040 00:00:07 GMT", 7_000],
    ["Sunday, 01-Jan-40 00:00:07 GMT", 7_000],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 300_000],
    ["0", 2_000],
    ["1e3", 2_000],
    ["soon", 2_000],
    ["Sat, 31 Dec 2039 23:59:59 GMT", 2_000],
    ["Sun, 01 Jan 2040 00:00:00 GMT", 2_000],
  ] as const
) {
  Deno.test(`requestJson() reads Retry-After: ${header.slice(0, 40)} as ${retryAfterMs} ms`, async () => {
    using _time = new FakeTime("2040-01-01T00:00:00Z");
    const response = await receive("", { status: 429, headers: { "retry-after": header } });
    assertEquals(response, failure("rate-limit", "status 429", retryAfterMs));
  });
}

Deno.test("requestJson() stops its clock once Directus has answered", async () => {
  using time = new FakeTime();
  let signal: AbortSignal | null | undefined;
  await get((_input, init) => {
    signal = init?.signal;
    return Promise.resolve(Response.json({}));
  });

  await time.tickAsync(TIMEOUT_MS);

  assertEquals(signal?.aborted, false);
});

for (const [status, where] of [[302, "elsewhere"], [307, "elsewhere"], [302, "/login"]] as const) {
  Deno.test(`requestJson() does not follow a ${status} with the cookie: ${where}`, async () => {
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
    assertEquals(await get(fetch, server.url), failure("foreign", `status ${status}`));
    assertEquals(reached, []);
  });
}

for (const [name, bad] of [["a line break", "\n"], ["a NUL", "\0"], ["a wide letter", "日"]]) {
  Deno.test(`requestJson() does not reveal a cookie with ${name}, which no header can hold`, async () => {
    const session = new SessionCookie("session", `s3cr3t${bad}s3cr3t`);
    const response = await get(fetch, undefined, session);
    assertEquals(response.kind, "failed");
    assertNotMatch(JSON.stringify(response), /s3cr3t/);
  });
}
