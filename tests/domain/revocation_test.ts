/**
 * Tests of reading an operator's revocations.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { coversTopic, readRevocation } from "../../live/domain/revocation.ts";

for (
  const [body, command] of [
    [{ user: "ada" }, { user: ["ada"] }],
    [{ user: ["ada", "bob"] }, { user: ["ada", "bob"] }],
    [{ topic: "event:42" }, { topic: "event:42" }],
    [{ topic: "event:*" }, { topic: "event:*" }],
    [{ connection: "1-2" }, { connection: "1-2" }],
    [{ connection: "1-2", more: true }, { connection: "1-2" }],
  ]
) {
  Deno.test(`readRevocation() reads ${JSON.stringify(body)}, and its own result`, () => {
    const read = readRevocation(body);
    assertEquals(read, command as typeof read);
    assertEquals(readRevocation(JSON.parse(JSON.stringify(read))), read);
  });
}

const ONE = "Body must have exactly one of user, topic, connection: it has";

for (
  const [body, message] of [
    [null, `${ONE} none`],
    ["user", `${ONE} none`],
    [[{ user: "ada" }], `${ONE} none`],
    [{}, `${ONE} none`],
    [{ users: ["ada"] }, `${ONE} none`],
    [{ user: "ada", connection: "1-2" }, `${ONE} user, connection`],
    [{ user: "ada", topic: null }, `${ONE} user, topic`],
    [{ user: null }, "user.0: Invalid input: expected string, received null"],
    [{ user: 7 }, "user.0: Invalid input: expected string, received number"],
    [{ user: "" }, "user.0: Too small: expected string to have >=1 characters"],
    [{ user: [] }, "user: Too small: expected array to have >=1 items"],
    [{ user: Array(1_001).fill("a") }, "user: Too big: expected array to have <=1000 items"],
    [
      { topic: "event" },
      "topic: must be <prefix>:<id>, its id the key of one item, or <prefix>:*",
    ],
    [
      { topic: "event:.." },
      "topic: must be <prefix>:<id>, its id the key of one item, or <prefix>:*",
    ],
    [{ topic: undefined }, `${ONE} none`],
    [
      { connection: "x".repeat(257) },
      "connection: Too big: expected string to have <=256 characters",
    ],
  ] as const
) {
  Deno.test(`readRevocation() refuses ${JSON.stringify(body)?.slice(0, 60)}: ${message}`, () => {
    assertEquals(readRevocation(body), message);
  });
}

for (
  const [meant, topic, expected] of [
    ["event:42", "event:42", true],
    ["event:42", "event:421", false],
    ["event:4", "event:42", false],
    ["event:*", "event:42", true],
    ["event:*", "event:*", true],
    ["event:*", "events:42", false],
    ["event:4*", "event:42", false],
    ["e:*", "event:42", false],
  ] as const
) {
  Deno.test(`coversTopic() returns ${expected} for ${meant} and ${topic}`, () => {
    assertEquals(coversTopic(meant, topic), expected);
  });
}
