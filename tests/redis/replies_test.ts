/**
 * Tests of reading answers and announcements of Redis.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Publication } from "../../live/domain/publication.ts";
import { readEntries } from "../../live/redis/ingest_entry.ts";
import { readAnnouncement, readAppended, readLogState } from "../../live/redis/replies.ts";

Deno.test("readAnnouncement() reads publications and removals in their order", () => {
  assertEquals(readAnnouncement('e\n7\n1001\n\n{"x":1}\n8\n1002\n"k"\n2\n9\n1003\n"k"\n'), {
    epoch: "e",
    publications: [
      { offset: 7, at: "1001", key: undefined, json: '{"x":1}' },
      { offset: 8, at: "1002", key: "k", json: "2" },
      { offset: 9, at: "1003", key: "k", json: undefined },
    ],
  });
});

for (
  const [name, text, key] of [
    ["an empty key", '""', ""],
    ["a key with a line break", '"a\\nb"', "a\nb"],
    ["a key with a lone surrogate", '"\\ud800"', "\ud800"],
  ] as const
) {
  Deno.test(`readAnnouncement() reads ${name}`, () => {
    assertEquals(readAnnouncement(`e\n1\n2\n${text}\n3`).publications[0]?.key, key);
  });
}

Deno.test("readAnnouncement() reads the beginning of a new life", () => {
  assertEquals(readAnnouncement("e"), { epoch: "e", publications: [] });
});

Deno.test("readLogState() reads log and state, the state in the order of offsets", () => {
  const reply = [
    "e",
    12,
    "5000",
    [["11-0", ["a", "4000", "k", "", "d", "1"]], ["12-0", ["a", "4001", "k", '"x"', "d", ""]]],
    ["offset", "12", '"z"', "10\n3001\n3", "removed", "7", "epoch", "e", '"y"', "9\n3000\n[1]"],
  ];
  assertEquals(readLogState(reply), {
    epoch: "e",
    offset: 12,
    removedUpTo: 7,
    now: 5_000,
    publications: [
      { offset: 11, at: "4000", key: undefined, json: "1" },
      { offset: 12, at: "4001", key: "x", json: undefined },
    ],
    latest: [
      { offset: 9, at: "3000", key: "y", json: "[1]" },
      { offset: 10, at: "3001", key: "z", json: "3" },
    ],
  });
});

Deno.test("readLogState() reads an answer without publications", () => {
  assertEquals(readLogState(["e", 0, "5000", [], []]), {
    epoch: "e",
    offset: 0,
    removedUpTo: 0,
    now: 5_000,
    publications: [],
    latest: [],
  });
});

for (const reply of [null, "OK", [], ["e", "1", "2", [], []], ["e", 1, "2", [["1-0", []]], []]]) {
  Deno.test(`readLogState() refuses ${JSON.stringify(reply)}`, () => {
    assertThrows(() => readLogState(reply));
  });
}

Deno.test("readAppended() returns skipped publications, and the sizes of partitions", () => {
  const { cursors, sizes } = readAppended([["e", 7, "", 0, "f", 1], ["live:{p1}:", 20]]);
  assertEquals(cursors, [{ epoch: "e", offset: 7 }, undefined, { epoch: "f", offset: 1 }]);
  assertEquals([...sizes], [["live:{p1}:", 20]]);
  assertEquals(readAppended([[], []]).cursors, []);
});

for (
  const [name, fields, expected] of [
    [
      "fields in any order, the last of a name",
      ["data", "1", "topic", "b:1", "odd", "", "topic", "a:1", "key", ""],
      { topic: "a:1", key: "", json: "1" },
    ],
    [
      "a removal",
      ["topic", "a:1", "removed", "1", "key", "k"],
      { topic: "a:1", key: "k", json: undefined },
    ],
  ] as const
) {
  Deno.test(`readEntries() reads ${name}`, () => {
    const [entry] = readEntries([["5-1", fields]]);
    assert(Publication.isPublication(entry?.publication));
    assertEquals([entry.id, { ...entry.publication }], ["5-1", { ...expected, id: undefined }]);
  });
}

Deno.test("readEntries() drops entries that are gone, and reports which were deleted", () => {
  assertEquals(readEntries([null, ["5-1", null]]), [
    { id: "5-1", publication: "entry was deleted" },
  ]);
});
