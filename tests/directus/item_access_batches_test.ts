/**
 * How checks of many topics share calls.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { all, AuthoritySetup, cookieOf, many, topicOf, withoutCacheBuster } from "./setup.ts";

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
  Deno.test(`authorise() of ${count} topics costs ${lists} lists and ${items} items`, async () => {
    const setup = new AuthoritySetup();
    assertEquals(await setup.authorise(many(count)), all("allowed", count));
    assertEquals(setup.calls, [lists, items]);
    assertEquals(setup.metrics.authorisations, all("ok", lists + items));
    assertEquals(setup.metrics.avoidedCalls.batched, count - lists - items);
  });
}

Deno.test("authorise() of several topics requests their primary keys, without a limit", async () => {
  const setup = new AuthoritySetup();
  await setup.authorise(["places:a", "place:a b", "place:1"]);
  const urls = setup.directus.calls.map(({ url }) => withoutCacheBuster(decodeURI(url.href)));
  assertEquals(urls.toSorted(), [
    "http://directus/items/places/a?fields=id",
    "http://directus/items/places?fields=slug&limit=-1&filter[slug][_in]=a b,1",
  ]);
});

Deno.test("authorise() batches checks that arrive while a call is in flight", async () => {
  const setup = new AuthoritySetup();
  const topics = many(51);
  const first = setup.authorise(topics.slice(0, 1));
  await Promise.resolve();
  const rest = topics.slice(1).map(async (topic) => {
    await Promise.resolve(); // not in the same turn as the first
    return await setup.authorise([topic]);
  });
  assertEquals(await first, ["allowed"]);
  assertEquals((await Promise.all(rest)).flat(), all("allowed", 50));
  assertEquals(setup.calls, [1, 1]);
});

Deno.test("authorise() does not reuse answers of an earlier batch", async () => {
  const setup = new AuthoritySetup();
  for (let i = 0; i < 3; i++) assertEquals(await setup.authorise(many(2)), all("allowed", 2));
  assertEquals(setup.calls, [3, 0]);
});

Deno.test("authorise() batches by collection", async () => {
  const setup = new AuthoritySetup();
  const topics = ["events:1", "many:1", "events:2", "many:2"];
  assertEquals(await setup.authorise(topics), all("allowed", 4));
  assertEquals(setup.calls, [2, 0]);
});

Deno.test("authorise() batches by session, each with its own rights", async () => {
  const setup = new AuthoritySetup();
  const bob = cookieOf(setup.directus.session("bob-id"));
  setup.directus.allow("bob-id", "events", 2);
  const topics = ["events:1", "events:2"];
  const answers = await Promise.all([setup.authorise(topics), setup.authorise(topics, bob)]);
  assertEquals(answers, [["allowed", "allowed"], ["forbidden", "allowed"]]);
  assertEquals(setup.calls, [2, 1]);
  assertEquals(
    setup.directus.calls.map(({ headers }) =>
      headers.get("cookie") === setup.cookie.requestHeader()[1]
    ),
    [true, false, false],
  );
});

Deno.test("authorise() does not batch a fresh check with others, which may have to wait longer", async () => {
  const setup = new AuthoritySetup();
  const [first = "", second = ""] = many(2);
  await Promise.all([
    setup.authority.authorise(setup.cookie, topicOf(first)),
    setup.authority.authorise(setup.cookie, topicOf(second), { fresh: true }),
  ]);
  assertEquals(setup.calls, [0, 2]);
});

for (const [bytes, calls] of [[4_000, [1, 0]], [4_001, [1, 1]]] as const) {
  Deno.test(`authorise() of ids of ${bytes} bytes costs ${calls[0]} list and ${calls[1]} items`, async () => {
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
    const setup = new AuthoritySetup({ standIn: { collections } });
    assertEquals(await setup.authorise(slugs.map((slug) => `place:${slug}`)), all("allowed", 20));
    assertEquals(setup.calls, [...calls]);
  });
}

Deno.test("authorise() rejects for each topic of a batch that throws, and recovers", async () => {
  const setup = new AuthoritySetup();
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
  assertEquals(await setup.authorise(["events:1", "events:2"]), all("allowed", 2));
});
