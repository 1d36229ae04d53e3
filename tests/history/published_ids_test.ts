/**
 * Tests of the memory of published ids. The tests of the brokers have the rest of its behaviour.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Publication } from "../../live/domain/publication.ts";
import { PublishedIds } from "../../live/history/published_ids.ts";

Deno.test("PublishedIds forgets the oldest of too many ids", () => {
  const ids = new PublishedIds(60_000);
  const publicationOf = (id: number) => Publication.from({ topic: "a:1", data: 0, id: `${id}` });
  const count = 101_000;
  for (let id = 1; id <= count; id++) {
    ids.add(publicationOf(id), { topic: "a:1", offset: id, epoch: "e" });
  }
  assertEquals(ids.find(publicationOf(1)), undefined);
  for (const id of [2_000, count]) assertEquals(ids.find(publicationOf(id))?.offset, id);
});
