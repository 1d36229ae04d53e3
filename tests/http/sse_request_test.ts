/**
 * Tests of requests for streams, and of requests that are none.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { knock } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

for (
  const [name, query, body] of [
    ["no topic", "", { error: "URL must name a topic: ?topic=<prefix>:<id>" }],
    ["no topic but other parameters", "?topics=event:1", {
      error: "URL must name a topic: ?topic=<prefix>:<id>",
    }],
    ...[
      ["an empty topic", "?topic=", ""],
      ["a topic without an id", "?topic=event:", "event:"],
      ["a topic with a path segment", "?topic=event:..", "event:.."],
      ["a topic that is encoded twice", "?topic=event:%2531", "event:%31"],
      ["a malformed topic among good ones", "?topic=event:1&topic=x&topic=event:2", "x"],
      ["a control character", "?topic=event:%00", "event:\0"],
    ].map(([name, query, topic]) =>
      [name, query, {
        error: "Topic must be <prefix>:<id>, its id the key of one item",
        topic,
      }] as const
    ),
  ] as const
) {
  testOnEach(`GET /sse answers 400 to ${name}, and does not ask the authority`, async (start) => {
    const authority = fakeAuthority();
    await using live = await start({ authority });

    const response = await fetch(`${live.http}/sse${query}`, {
      headers: { cookie: cookieOf("ada") },
    });

    assertEquals([response.status, await response.json()], [400, body]);
    assertEquals([live.metrics.upgrades, authority.asked], [["malformed"], []]);
  });
}

const view = (text: string) => `?view=${encodeURIComponent(text)}`;

for (
  const [name, query, body] of [
    ["no JSON", view("{"), { error: "View must be JSON", view: 0 }],
    ["null", view("null"), { error: "Invalid input: expected object, received null", view: 0 }],
    ["a malformed query", view('{"collection":"events","query":{"limit":0}}'), {
      error: "query.limit: Too small: expected number to be >=1",
      view: 0,
    }],
    [
      "a malformed view among good ones",
      '?topic=event:1&view={"collection":"events"}&view={"collection":""}',
      { error: "collection: must be the name of a collection", view: 1 },
    ],
  ] as const
) {
  testOnEach(`GET /sse answers 400 to a view that is ${name}`, async (start) => {
    const authority = fakeAuthority();
    await using live = await start({ authority });

    const response = await fetch(`${live.http}/sse${query}`, {
      headers: { cookie: cookieOf("ada") },
    });

    assertEquals([response.status, await response.json()], [400, body]);
    assertEquals(authority.asked, []);
  });
}

testOnEach(
  "GET /sse answers 400 past the limit of topics and views, each counted once",
  async (start) => {
    await using live = await start({ options: { maxTopics: 3 } });
    const headers = { cookie: cookieOf("ada") };
    const topics = "topic=event:1&topic=event:2&topic=event:1";
    const one = 'view={"collection":"events","query":{"limit":5,"fields":["id"]}}';
    const same = 'view={"query":{"fields":["id","id"],"limit":5},"collection":"events"}';
    const other = 'view={"collection":"events"}';
    const status = async (query: string) => {
      const response = await fetch(`${live.http}/sse?${query}`, { headers });
      await response.body?.cancel();
      return response.status;
    };

    assertEquals(await status(`${topics}&${one}&${same}&${topics}`), 200);
    const response = await fetch(`${live.http}/sse?${topics}&${one}&${other}`, { headers });

    assertEquals(
      [response.status, await response.json()],
      [400, { error: "URL must name at most 3 topics and views" }],
    );
  },
);

for (const method of ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
  testOnEach(`${method} /sse gets 405`, async (startLive) => {
    await using live = await startLive();

    const head = await knock(live, "/sse?topic=event:1", { cookie: cookieOf("ada") }, method);

    assertEquals([head.status, head.headers.get("allow")], [405, "GET"]);
    assertEquals(live.metrics.gauges.connections, 0);
  });
}

for (const path of ["/sse/", "/SSE", "/x/sse", "/ssex", "//sse"]) {
  testOnEach(`GET ${path} is not a stream`, async (startLive) => {
    await using live = await startLive();

    const head = await knock(live, `${path}?topic=event:1`, { cookie: cookieOf("ada") });

    assertEquals(head.status, 404);
  });
}

testOnEach("an upgrade of /sse is a WebSocket, like that of any path", async (startLive) => {
  await using live = await startLive();

  const { status } = await live.knock("/sse", { cookie: cookieOf("ada") });

  assertEquals(status, 101);
  await live.metrics.until(({ disconnects }) => disconnects.length === 1);
});
