/**
 * Tests of bearer tokens: where a request may carry one, and its precedence over a cookie.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { knock } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const SSE = "/sse?topic=event:1";
const SOCKET = "/websocket?access_token=";

/** Rows: what a request carries, its path, its headers, the status of an upgrade, and who was asked for. */
const rows: [
  name: string,
  path: string,
  headers: Record<string, string>,
  status: number,
  asked: string[],
][] = [
  ["a token in the header", "/", { authorization: "Bearer ada" }, 101, ["ada"]],
  ["a token in the header at /websocket", "/websocket", { authorization: "bearer ada" }, 101, [
    "ada",
  ]],
  ["spaces before the token", "/", { authorization: "BEARER  ada" }, 101, ["ada"]],
  ["a token in the query at /websocket", `${SOCKET}ada`, {}, 101, ["ada"]],
  ["an encoded token in the query", `${SOCKET}a%2Bd+a%2F`, {}, 401, []],
  ["an encoded token without a space in the query", `${SOCKET}a%2Bda`, {}, 101, ["a+da"]],
  ["a token in the query of another path", "/?access_token=ada", {}, 401, []],
  ["a token in the query below /websocket", "/websocket/?access_token=ada", {}, 401, []],
  [
    "a token in the header and a cookie",
    "/",
    {
      authorization: "Bearer ada",
      cookie: cookieOf("bob"),
    },
    101,
    ["ada"],
  ],
  ["a token in the query and a cookie", `${SOCKET}ada`, { cookie: cookieOf("bob") }, 101, ["ada"]],
  ["an empty token in the query and a cookie", SOCKET, { cookie: cookieOf("bob") }, 101, ["bob"]],
  [
    "an empty token in the header and a cookie",
    "/",
    {
      authorization: "Bearer",
      cookie: cookieOf("bob"),
    },
    101,
    ["bob"],
  ],
  [
    "a password for a proxy and a cookie",
    "/",
    {
      authorization: "Basic YWRhOmFkYQ==",
      cookie: cookieOf("bob"),
    },
    101,
    ["bob"],
  ],
  [
    "an unfit token and a cookie",
    "/",
    {
      authorization: "Bearer a b",
      cookie: cookieOf("bob"),
    },
    401,
    [],
  ],
  ["two tokens in the query", `${SOCKET}ada&access_token=bob`, {}, 401, []],
  ["tokens in the header and the query", `${SOCKET}ada`, { authorization: "Bearer ada" }, 400, []],
  ["a control character in the query", `${SOCKET}a%00b`, {}, 401, []],
  ["a token of 4,097 characters", `${SOCKET}${"x".repeat(4_097)}`, {}, 401, []],
];

for (const [name, path, headers, status, asked] of rows) {
  testOnEach(`LiveServer answers ${status} to an upgrade with ${name}`, async (startLive) => {
    const authority = fakeAuthority();
    await using live = await startLive({ authority });

    const head = await live.knock(path, headers);

    assertEquals(head.status, status);
    assertEquals(authority.asked, asked.map((user) => `authenticate ${user}`));
  });
}

for (
  const [name, headers, status, asked] of [
    ["a token in the header", { authorization: "Bearer ada" }, 200, ["ada"]],
    ["an unfit token", { authorization: "Bearer a b", cookie: cookieOf("bob") }, 401, []],
    ["a token in the query only", {}, 401, []],
  ] as const
) {
  testOnEach(`GET /sse answers ${status} to ${name}`, async (startLive) => {
    const authority = fakeAuthority();
    await using live = await startLive({ authority });

    const head = await knock(live, `${SSE}&access_token=ada`, headers);

    assertEquals(head.status, status);
    const first = authority.asked.filter((question) => question.startsWith("authenticate"));
    assertEquals(first, asked.map((user) => `authenticate ${user}`));
  });
}

testOnEach("An upgrade with two tokens is closed with 4501 and the reason", async (startLive) => {
  await using live = await startLive();
  const url = `${live.ws}${SOCKET}ada&reject=close`;

  await using client = new Client(url, { authorization: "Bearer ada" });

  assertEquals(await client.closed, { code: 4501, reason: "more than one access token" });
});

testOnEach("The connections of a user's token and cookie share one limit", async (startLive) => {
  await using live = await startLive({ options: { maxConnectionsPerUser: 1 } });
  await using _client = await live.connect("ada");

  const head = await live.knock("/", { authorization: "Bearer ada" });

  assertEquals(head.status, 429);
});

testOnEach("A page of a foreign origin is refused, whatever token it has", async (startLive) => {
  const authority = fakeAuthority();
  await using live = await startLive({ authority });
  const headers = { origin: "https://evil.example", authorization: "Bearer ada" };

  const statuses = [
    (await live.knock("/", headers)).status,
    (await live.knock(`${SOCKET}ada`, { origin: headers.origin })).status,
    (await knock(live, SSE, headers)).status,
  ];

  assertEquals([statuses, authority.asked], [[403, 403, 403], []]);
});
