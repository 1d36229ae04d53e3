import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Circuit, CORNERS } from "./circuit.ts";
import { type Feed, type FeedMessage, type FeedSource, startFeed } from "./feed.ts";
import { Race } from "./race.ts";

function race(vehicles: number, retireEveryS?: number): Race {
  const more = retireEveryS === undefined ? {} : { retireEveryS };
  return new Race({ circuit: new Circuit(CORNERS), vehicles, random: () => 0.5, ...more });
}

/** Starts a feed whose calls are answered with these statuses, the last one again and again. */
function feedOf(source: Omit<FeedSource, "topic">, ...statuses: number[]) {
  const calls: FeedMessage[][] = [];
  const faults: string[] = [];
  const feed = startFeed({
    url: "http://ops/publish",
    token: "secret",
    sources: [{ topic: "event:42", ...source }],
    fetch: (url, init) => {
      assertEquals(url, "http://ops/publish");
      assertEquals(new Headers(init.headers).get("authorization"), "Bearer secret");
      calls.push(JSON.parse(String(init.body)));
      const status = statuses.length > 1 ? statuses.shift() : statuses[0];
      return Promise.resolve(new Response("why", { status: status ?? 200 }));
    },
    onFault: (message) => faults.push(message),
  });
  return { feed, calls, faults };
}

/** Lets beats pass, each with its call. */
async function beat(time: FakeTime, feed: Feed, count: number): Promise<void> {
  for (; count > 0; count--) {
    time.tick(100);
    await feed.settled();
  }
}

Deno.test("startFeed() publishes all vehicles in one call per beat", async () => {
  using time = new FakeTime();
  const { feed, calls } = feedOf({ race: race(3) });

  time.tick(100);
  await feed.stop();
  time.tick(1_000);

  assertEquals(calls.map((messages) => messages.map(({ topic, key }) => `${topic} ${key}`)), [
    ["event:42 car-1", "event:42 car-2", "event:42 car-3"],
  ]);
  assertEquals(
    Object.keys(calls[0]?.[0]?.data as object),
    ["number", "name", "color", "x", "y", "lap", "progress", "speed", "at"],
  );
});

Deno.test("startFeed() publishes a vehicle that retired as a removal, once it is accepted", async () => {
  using time = new FakeTime();
  const { feed, calls } = feedOf({ race: race(3, 0.2) }, 200, 503, 200);

  await beat(time, feed, 4);
  await feed.stop();

  const removed = calls.map((messages) => messages.filter(({ removed }) => removed));
  const removal = { topic: "event:42", key: "car-2", removed: true as const };
  assertEquals(removed.slice(0, 3), [[], [removal], [removal]]);
  assertEquals(removed[3]?.some(({ key }) => key === "car-2"), false);
});

Deno.test("startFeed() publishes nothing while a call is in flight", async () => {
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

Deno.test("startFeed() publishes a slower source on every nth beat", async () => {
  using time = new FakeTime();
  const { feed, calls } = feedOf({ race: race(1), everyBeats: 3 });

  await beat(time, feed, 6);
  await feed.stop();

  assertEquals(calls.length, 2);
});

Deno.test("startFeed() reports the first of consecutive errors", async () => {
  using time = new FakeTime();
  const { feed, faults } = feedOf({ race: race(1) }, 503, 503, 200, 503);

  await beat(time, feed, 4);
  await feed.stop();

  assertEquals(faults, ["503 why", "503 why"]);
});
