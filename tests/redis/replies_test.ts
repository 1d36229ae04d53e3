/**
 * Tests of reading what Redis answers and announces.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { readAnnouncement, readLogState, readPositions } from "../../live/redis/replies.ts";
import { readEntries } from "../../live/redis/ingest_entry.ts";

Deno.test("readAnnouncement() reads publications in their order", () => {
  assertEquals(readAnnouncement('e\n7\n1001\n\n{"x":1}\n8\n1002\n"k"\n2'), {
    epoch: "e",
    publications: [
      { offset: 7, at: "1001", data: '{"x":1}' },
      { offset: 8, at: "1002", key: "k", data: "2" },
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

Deno.test("readAnnouncement() reads a new life without publications", () => {
  assertEquals(readAnnouncement("e"), { epoch: "e", publications: [] });
});

Deno.test("readLogState() reads log and latest, the latest in the order of offsets", () => {
  const reply = [
    "e",
    12,
    "5000",
    [["11-0", ["a", "4000", "k", "", "d", "1"]], ["12-0", ["a", "4001", "k", '"x"', "d", "2"]]],
    ['"x"', "12\n4001\n2", '"y"', "9\n3000\n[1]"],
  ];
  assertEquals(readLogState(reply), {
    epoch: "e",
    offset: 12,
    now: 5_000,
    publications: [
      { offset: 11, at: "4000", data: "1" },
      { offset: 12, at: "4001", key: "x", data: "2" },
    ],
    latest: [
      { offset: 9, at: "3000", key: "y", data: "[1]" },
      { offset: 12, at: "4001", key: "x", data: "2" },
    ],
  });
});

Deno.test("readLogState() reads a log without publications", () => {
  assertEquals(readLogState(["e", 0, "5000", [], []]), {
    epoch: "e",
    offset: 0,
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

Deno.test("readPositions() tells what was left out", () => {
  assertEquals(readPositions(["e", 7, "", 0, "f", 1]), [
    { epoch: "e", offset: 7 },
    undefined,
    { epoch: "f", offset: 1 },
  ]);
  assertEquals(readPositions([]), []);
});

Deno.test("readEntries() reads fields in any order, the last of a name", () => {
  const fields = ["data", "1", "topic", "b:1", "odd", "", "topic", "a:1", "key", ""];
  assertEquals(readEntries([["5-1", fields]]), [
    { id: "5-1", publication: { topic: "a:1", data: "1", key: "" } },
  ]);
});

Deno.test("readEntries() passes over entries that are gone, and says which were deleted", () => {
  assertEquals(readEntries([null, ["5-1", null]]), [
    { id: "5-1", publication: "entry was deleted" },
  ]);
});
