import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Circuit, CORNERS } from "./circuit.ts";
import { startFeed } from "./feed.ts";
import { Race } from "./race.ts";
import { createDemoDirectus, createDemoHandler, type DemoInfo } from "./server.ts";

const BASE = "http://localhost:8055";

const info: DemoInfo = {
  livePort: 8080,
  race: "event:42",
  practice: "event:43",
  ballast: "event:44",
  practiceReaders: [],
  outline: [],
};

function race(vehicles: number): Race {
  return new Race({ circuit: new Circuit(CORNERS), vehicles, random: () => 0.5 });
}

Deno.test("Circuit.pointAt() goes through the corners and closes the ring", () => {
  const circuit = new Circuit(CORNERS);
  assertEquals(circuit.pointAt(0), CORNERS[0]);
  assertEquals(circuit.pointAt(circuit.length), CORNERS[0]);
  for (const corner of CORNERS) {
    assert(circuit.outline.some(([x, y]) => x === corner[0] && y === corner[1]));
  }
});

Deno.test("Circuit.pointAt() moves a metre for a metre, also across the start", () => {
  const circuit = new Circuit(CORNERS);
  for (let distance = -50; distance < circuit.length + 50; distance++) {
    const [ax, ay] = circuit.pointAt(distance);
    const [bx, by] = circuit.pointAt(distance + 1);
    const step = Math.hypot(bx - ax, by - ay);
    assert(step > 0.9 && step <= 1.000001, `${step} m at ${distance} m`);
  }
});

Deno.test("Circuit.pointAt() keeps its offset from the middle", () => {
  const circuit = new Circuit(CORNERS);
  for (let distance = 0; distance < circuit.length; distance += 25) {
    const [ax, ay] = circuit.pointAt(distance);
    const [bx, by] = circuit.pointAt(distance, 7);
    assertEquals(Math.round(Math.hypot(bx - ax, by - ay) * 1000), 7000);
  }
});

Deno.test("Circuit.pointAt() stays on the map of 1000 by 560 metres", () => {
  const circuit = new Circuit(CORNERS);
  for (let distance = 0; distance < circuit.length; distance += 5) {
    const [x, y] = circuit.pointAt(distance);
    assert(x > 25 && x < 975 && y > 25 && y < 535, `${x}, ${y}`);
  }
});

Deno.test("Circuit.speedAt() can be driven: no faster than the engine and the brakes allow", () => {
  const circuit = new Circuit(CORNERS);
  for (let distance = 0; distance < circuit.length; distance += 10) {
    const gain = circuit.speedAt(distance + 10) ** 2 - circuit.speedAt(distance) ** 2;
    assert(gain < 2 * 9 * 11 && gain > -2 * 17 * 11, `${gain} at ${distance} m`);
    const speed = circuit.speedAt(distance);
    assert(speed > 10 && speed < 84.001, `${speed} at ${distance} m`);
  }
});

Deno.test("Circuit refuses fewer than four corners", () => {
  assertThrows(() => new Circuit(CORNERS.slice(0, 3)), RangeError, "there are 3");
});

Deno.test("Race.advance() moves all vehicles on, lap after lap", () => {
  const field = race(40);
  const before = field.states();
  for (let second = 0; second < 300; second++) field.advance(1);
  const after = field.states();
  assertEquals(after.length, 40);
  assertEquals(new Set(after.map(({ name }) => name)).size, 40);
  for (const [index, { lap, progress, speed }] of after.entries()) {
    assert(lap > (before[index]?.lap ?? Infinity));
    assert(progress >= 0 && progress <= 1);
    assert(speed > 30 && speed < 330);
  }
});

Deno.test("Race refuses more vehicles than names", () => {
  assertThrows(() => race(41), RangeError, "vehicles is 41");
});

Deno.test("startFeed() publishes all vehicles in one call a beat", async () => {
  using time = new FakeTime();
  const calls: [string, RequestInit][] = [];
  const feed = startFeed({
    url: "http://ops/publish",
    token: "secret",
    sources: [{ topic: "event:42", race: race(3) }],
    fetch: (...call) => {
      calls.push(call);
      return Promise.resolve(new Response("{}"));
    },
  });
  time.tick(100);
  await feed.stop();
  time.tick(1_000);
  assertEquals(calls.length, 1);
  const [url, init] = calls[0] ?? [];
  assertEquals(url, "http://ops/publish");
  assertEquals(new Headers(init?.headers).get("authorization"), "Bearer secret");
  const messages = JSON.parse(String(init?.body));
  assertEquals(
    messages.map(({ topic, key }: { topic: string; key: string }) => `${topic} ${key}`),
    ["event:42 car-1", "event:42 car-2", "event:42 car-3"],
  );
  assertEquals(Object.keys(messages[0].data), [
    "number",
    "name",
    "color",
    "x",
    "y",
    "lap",
    "progress",
    "speed",
    "at",
  ]);
});

Deno.test("startFeed() skips beats while a call is on its way", async () => {
  using time = new FakeTime();
  let calls = 0;
  const answer = Promise.withResolvers<Response>();
  const feed = startFeed({
    url: "http://ops/publish",
    token: "secret",
    sources: [{ topic: "event:42", race: race(1) }],
    fetch: () => {
      calls++;
      return answer.promise;
    },
  });
  time.tick(1_000);
  assertEquals(calls, 1);
  answer.resolve(new Response("{}"));
  await feed.stop();
});

Deno.test("startFeed() publishes a slower source on its beats only", async () => {
  using time = new FakeTime();
  const topics: string[] = [];
  const feed = startFeed({
    url: "http://ops/publish",
    token: "secret",
    sources: [{ topic: "event:43", race: race(1), everyBeats: 3 }],
    fetch: (_, { body }) => {
      topics.push(JSON.parse(String(body))[0].topic);
      return Promise.resolve(new Response("{}"));
    },
  });
  time.tick(300);
  await feed.stop();
  assertEquals(topics, ["event:43"]);
});

Deno.test("startFeed() tells an error once until a call goes well", async () => {
  using time = new FakeTime();
  const faults: string[] = [];
  const answers = ["503", "503", "200", "503"];
  const feed = startFeed({
    url: "http://ops/publish",
    token: "secret",
    sources: [{ topic: "event:42", race: race(1) }],
    fetch: () => Promise.resolve(new Response("told", { status: Number(answers.shift()) })),
    onFault: (message) => faults.push(message),
  });
  for (let beat = 0; beat < 4; beat++) {
    time.tick(100);
    await feed.settled();
  }
  await feed.stop();
  assertEquals(faults, ["503 told", "503 told"]);
});

for (
  const [path, type] of [
    ["/", "text/html; charset=utf-8"],
    ["/page.css", "text/css; charset=utf-8"],
    ["/page.js", "text/javascript; charset=utf-8"],
    ["/panel.js", "text/javascript; charset=utf-8"],
    ["/track.js", "text/javascript; charset=utf-8"],
    ["/frames.js", "text/javascript; charset=utf-8"],
    ["/inspector.js", "text/javascript; charset=utf-8"],
    ["/line.js", "text/javascript; charset=utf-8"],
    ["/plot.js", "text/javascript; charset=utf-8"],
    ["/icon.svg", "image/svg+xml"],
  ] as const
) {
  Deno.test(`createDemoHandler() serves ${path}`, async () => {
    const handle = createDemoHandler({ directus: createDemoDirectus(), info: () => info });
    const response = await handle(new Request(BASE + path));
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), type);
    assert((await response.text()).length > 100);
  });
}

Deno.test("createDemoHandler() lets the page use the live port of its own host", async () => {
  const handle = createDemoHandler({ directus: createDemoDirectus(), info: () => info });
  const response = await handle(new Request("http://127.0.0.1:8055/"));
  await response.body?.cancel();
  assertMatch(
    response.headers.get("content-security-policy") ?? "",
    /^default-src 'self'; script-src 'self' http:\/\/127\.0\.0\.1:8080; connect-src 'self' ws:\/\/127\.0\.0\.1:8080; /,
  );
});

Deno.test("createDemoHandler() answers /demo.json once the live server is up", async () => {
  let known: DemoInfo | undefined = undefined;
  const handle = createDemoHandler({ directus: createDemoDirectus(), info: () => known });
  assertEquals((await handle(new Request(`${BASE}/demo.json`))).status, 503);
  known = info;
  assertEquals(await (await handle(new Request(`${BASE}/demo.json`))).json(), info);
});

for (
  const [email, id, status] of [
    ["ada@example.com", 42, 200],
    ["ada@example.com", 43, 403],
    ["grace@example.com", 42, 200],
    ["grace@example.com", 43, 200],
  ] as const
) {
  Deno.test(`createDemoHandler() answers ${status} to ${email} for event ${id}`, async () => {
    const handle = createDemoHandler({ directus: createDemoDirectus(), info: () => info });
    const login = await handle(
      new Request(`${BASE}/auth/login`, {
        method: "POST",
        body: JSON.stringify({ email, password: "demo", mode: "session" }),
      }),
    );
    const cookie = login.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
    const response = await handle(
      new Request(`${BASE}/items/events/${id}?fields=id`, { headers: { cookie } }),
    );
    assertEquals(response.status, status);
  });
}

Deno.test("createDemoHandler() serves no other file of the folder", async () => {
  const handle = createDemoHandler({ directus: createDemoDirectus(), info: () => info });
  for (const path of ["/server.ts", "/main.ts", "/%2e%2e/directus/users.ts", "/nothing"]) {
    assertEquals((await handle(new Request(BASE + path))).status, 404);
  }
});
