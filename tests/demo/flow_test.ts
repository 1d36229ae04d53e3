import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Database } from "../directus/stand_in/database.ts";
import { Entries } from "./entries.ts";
import { startFlow } from "./flow.ts";

Deno.test("startFlow() reports each change as a Flow does", async () => {
  using time = new FakeTime();
  const calls: unknown[] = [];
  const flow = startFlow({
    url: "http://ops/directus",
    token: "secret",
    entries: new Entries(new Database(), ["Albatross"], () => 0),
    fetch: (url, init) => {
      assertEquals(url, "http://ops/directus");
      calls.push(JSON.parse(String(init.body)));
      return Promise.resolve(new Response("{}"));
    },
  });

  time.tick(600);
  await flow.stop();
  time.tick(600);

  assertEquals(calls, [{
    event: "entries.items.update",
    collection: "entries",
    keys: ["1"],
    payload: { status: "review" },
  }]);
});

Deno.test("startFlow() changes nothing while a call is in flight", async () => {
  using time = new FakeTime();
  const { promise, resolve } = Promise.withResolvers<Response>();
  let calls = 0;
  const entries = new Entries(new Database(), ["Albatross"], () => 0);
  const flow = startFlow({
    url: "http://ops/directus",
    token: "secret",
    entries,
    fetch: () => {
      calls++;
      return promise;
    },
  });

  time.tick(600);
  const [before] = entries.rows;
  time.tick(600);

  assertEquals(calls, 1);
  assertEquals(entries.rows, [before]);
  resolve(new Response("{}"));
  await flow.stop();
});
