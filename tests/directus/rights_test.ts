/**
 * Rights of many topics at once: how few calls they cost.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieOf, topicOf, withoutNonce } from "./authority_fixtures.ts";
import { all, many, RightsSetup } from "./rights_fixtures.ts";

for (
  const [count, lists, items] of [
    [1, 0, 1],
    [2, 1, 0],
    [50, 1, 0],
    [51, 1, 1],
    [52, 2, 0],
    [128, 3, 0],
  ] as const
) {
  Deno.test(`authorise() of ${count} topics at once asks for ${lists} lists, ${items} items`, async () => {
    const setup = new RightsSetup();
    assertEquals(await setup.ask(many(count)), all("allowed", count));
    assertEquals(setup.calls, [lists, items]);
    assertEquals(setup.metrics.authorisations, all("ok", lists + items));
    assertEquals(setup.metrics.sparedBy.batched, count - lists - items);
  });
}

Deno.test("authorise() of several topics asks for their keys, and for all of them", async () => {
  const setup = new RightsSetup();
  await setup.ask(["places:a", "place:a b", "place:1"]);
  const urls = setup.directus.calls.map(({ url }) => withoutNonce(decodeURI(url.href)));
  assertEquals(urls.toSorted(), [
    "http://directus/items/places/a?fields=id",
    "http://directus/items/places?fields=slug&limit=-1&filter[slug][_in]=a b,1",
  ]);
});

Deno.test("authorise() groups what comes while it waits for an answer", async () => {
  const setup = new RightsSetup();
  const topics = many(51);
  const first = setup.ask(topics.slice(0, 1));
  await Promise.resolve();
  const rest = topics.slice(1).map(async (topic) => {
    await Promise.resolve(); // none of them in the same turn as the first
    return await setup.ask([topic]);
  });
  assertEquals(await first, ["allowed"]);
  assertEquals((await Promise.all(rest)).flat(), all("allowed", 50));
  assertEquals(setup.calls, [1, 1]);
});

Deno.test("authorise() begins anew after all was answered", async () => {
  const setup = new RightsSetup();
  for (let i = 0; i < 3; i++) assertEquals(await setup.ask(many(2)), all("allowed", 2));
  assertEquals(setup.calls, [3, 0]);
});

Deno.test("authorise() groups by collection", async () => {
  const setup = new RightsSetup();
  const topics = ["events:1", "many:1", "events:2", "many:2"];
  assertEquals(await setup.ask(topics), all("allowed", 4));
  assertEquals(setup.calls, [2, 0]);
});

Deno.test("authorise() groups by session, each with its own rights", async () => {
  const setup = new RightsSetup();
  const bob = cookieOf(setup.directus.session("bob-id"));
  setup.directus.allow("bob-id", "events", 2);
  const topics = ["events:1", "events:2"];
  const answers = await Promise.all([setup.ask(topics), setup.ask(topics, bob)]);
  assertEquals(answers, [["allowed", "allowed"], ["forbidden", "allowed"]]);
  assertEquals(setup.calls, [2, 1]);
  assertEquals(
    setup.directus.calls.map(({ headers }) => headers.get("cookie") === setup.pair),
    [true, false, false],
  );
});

for (const [bytes, calls] of [[4_000, [1, 0]], [4_001, [1, 1]]] as const) {
  Deno.test(`authorise() puts ids of ${bytes} bytes into a URL: ${calls}`, async () => {
    // Twenty ids of 200 bytes each, their commas included; 1 letter is 3 bytes in a URL.
    const slugs = Array.from({ length: 20 }, (_, index) => {
      const more = bytes - 4_000 > 0 && index === 19 ? "x" : "";
      return `${String.fromCharCode(97 + index)}${"é".repeat(33)}${more}`;
    });
    const collections = [{
      name: "places",
      primaryKey: "slug",
      keyType: "string",
      items: slugs.map((slug) => ({ slug })),
      readers: ["ada-id"],
    }] as const;
    const setup = new RightsSetup({ collections });
    assertEquals(await setup.ask(slugs.map((slug) => `place:${slug}`)), all("allowed", 20));
    assertEquals(setup.calls, [...calls]);
  });
}

Deno.test("authorise() rejects for each topic if calling Directus throws, and goes on", async () => {
  const setup = new RightsSetup();
  const { metrics } = setup;
  const authorised = metrics.authorised.bind(metrics);
  metrics.authorised = () => {
    throw new TypeError("metrics");
  };
  const answers = ["events:1", "events:2"].map((topic) =>
    setup.authority.authorise(setup.cookie, topicOf(topic))
  );
  assertEquals((await Promise.allSettled(answers)).map(({ status }) => status), [
    "rejected",
    "rejected",
  ]);
  metrics.authorised = authorised;
  assertEquals(await setup.ask(["events:1", "events:2"]), all("allowed", 2));
});
