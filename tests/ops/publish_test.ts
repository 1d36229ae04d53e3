/**
 * What publish calls publish, and how they are answered.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { startLive } from "../support/live.ts";
import { RawClient } from "../support/raw_client.ts";
import { CALL_HEADERS, MIB, Ops } from "./ops_setup.ts";

const one = { topic: "event:42", data: 1 };

const accepted = [
  ["a keyed value", { topic: "event:42", key: "car-7", data: { x: 1 } }, "car-7", '{"x":1}'],
  ["an event", { topic: "event:42", data: { x: 1 } }, undefined, '{"x":1}'],
  ["unknown fields", { ...one, extra: true }, undefined, "1"],
  ["null", { topic: "event:42", data: null }, undefined, "null"],
  ["an empty key and text", { topic: "event:42", key: "", data: "" }, "", '""'],
  ["a removal", { topic: "event:42", key: "car-7", removed: true }, "car-7", undefined],
  ["removed: false with data", { ...one, key: "k", removed: false }, "k", "1"],
  [
    "__proto__",
    '{"topic":"event:42","data":{"__proto__":{"a":1}}}',
    undefined,
    '{"__proto__":{"a":1}}',
  ],
  [
    "digits that a number cannot hold",
    '{"topic":"event:42","data":[9007199254740993, 18446744073709551615, 1e400, 0.10, -0]}',
    undefined,
    "[9007199254740993,18446744073709551615,1e400,0.10,-0]",
  ],
  [
    "members that are given twice, the last data",
    '{"data":1,"topic":"event:42","data":{"a":1,"a":2}}',
    undefined,
    '{"a":1,"a":2}',
  ],
  [
    "data within strings that look like structure",
    '{"key":"\\"data\\":[1,{","topic":"event:42","data" : "},{\\"" }',
    '"data":[1,{',
    '"},{\\""',
  ],
  ["a lone surrogate", '{"topic":"event:42","data":"\\ud800"}', undefined, '"\\ud800"'],
  [
    "deep nesting",
    `{"topic":"event:42","data":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    undefined,
    "[".repeat(100_000) + "]".repeat(100_000),
  ],
] as const;

for (const [name, body, key, json] of accepted) {
  Deno.test(`POST /publish accepts ${name}`, async () => {
    await using ops = await Ops.start();

    const answer = await ops.post("/publish", body);

    const position = { topic: "event:42", offset: 1, epoch: "e" };
    assertEquals([answer.status, answer.json], [200, { published: [position] }]);
    assertEquals(ops.published, [{ topic: "event:42", key, json }]);
  });
}

Deno.test("POST /publish keeps the order of an array, removals included", async () => {
  await using ops = await Ops.start();

  const { status, json } = await ops.post("/publish", [
    { topic: "event:1", key: "a", data: 3 },
    { topic: "event:0", data: 1 },
    { topic: "event:1", key: "a", removed: true },
  ]);

  const positions = ["event:1", "event:0", "event:1"]
    .map((topic, index) => ({ topic, offset: index + 1, epoch: "e" }));
  assertEquals([status, json], [200, { published: positions }]);
  assertEquals(ops.published.map(({ json }) => json), ["3", "1", undefined]);
});

for (const count of [0, 1_000]) {
  Deno.test(`POST /publish accepts an array of ${count} elements`, async () => {
    await using ops = await Ops.start();
    const { status, json } = await ops.post("/publish", Array(count).fill(one));
    assertEquals([status, json.published.length], [200, count]);
  });
}

Deno.test("POST /publish works while the server is strained", async () => {
  await using ops = await Ops.start({ strain: "many sockets" });
  assertEquals((await ops.post("/publish", one)).status, 200);
});

Deno.test("POST /publish publishes nothing of a body that breaks off", async () => {
  await using ops = await Ops.start();
  {
    using client = await RawClient.connect(ops.port);
    const headers = { "host": "ops", ...CALL_HEADERS, "content-length": `${MIB}` };
    await client.request("/publish", headers, "POST");
    await client.write(JSON.stringify(one));
  }

  assertEquals((await ops.post("/publish", { topic: "event:2", data: 2 })).status, 200);

  assertEquals(ops.published, [{ topic: "event:2", key: undefined, json: "2" }]);
  assertEquals(ops.logger.of("error"), []);
});

Deno.test("POST /publish reaches the subscribers of each topic, in order", async () => {
  await using live = await startLive();
  await using ops = await Ops.start({ publish: (all) => live.hub.publish(all) });
  await using ada = await live.connect("ada");
  await using bob = await live.connect("bob");
  await ada.subscribe("event:1");
  await bob.subscribe("event:2");
  const isOfBob = (data: number) => data % 10 === 0;
  const values = Array.from({ length: 1_000 }, (_, index) => index);

  const { status } = await ops.post(
    "/publish",
    values.map((data) => ({ topic: isOfBob(data) ? "event:2" : "event:1", data })),
  );

  const dataOf = ({ data }: { data: number }) => data;
  assertEquals(status, 200);
  assertEquals((await ada.take(900)).map(dataOf), values.filter((data) => !isOfBob(data)));
  assertEquals((await bob.take(100)).map(dataOf), values.filter(isOfBob));
});

Deno.test("POST /publish passes on each element of an array as it was written", async () => {
  await using ops = await Ops.start();

  const elements = ["1e400", '{ "a" : 9007199254740993 }', '"[{,"', "[ [ ] , [ ] ]"];
  const body = elements.map((data, index) => `{"topic":"event:${index}","data":${data}}`);
  await ops.post("/publish", ` [ ${body.join(" , ")} ] `);

  assertEquals(
    ops.published.map(({ json }) => json),
    ["1e400", '{"a":9007199254740993}', '"[{,"', "[[],[]]"],
  );
});

for (
  const [name, header, body, ids] of [
    ["a call", "k1", one, ["k1"]],
    ["each element of an array", "k1", [one, one], ["k1/0", "k1/1"]],
    ["a publication that has no id of its own", "k1", [{ ...one, id: "x" }, one], ["x", "k1/1"]],
    ["a publication by its own id", undefined, { ...one, id: "x" }, ["x"]],
    ["nothing", undefined, one, [undefined]],
  ] as const
) {
  Deno.test(`POST /publish names ${name}, so that it is published once`, async () => {
    const published: (string | undefined)[] = [];
    await using ops = await Ops.start({
      publish(publications) {
        published.push(...publications.map(({ id }) => id));
        return Promise.resolve([]);
      },
    });

    const headers = header === undefined ? {} : { "idempotency-key": header };
    await ops.post("/publish", body, { ...CALL_HEADERS, ...headers });

    assertEquals(published, [...ids]);
  });
}
