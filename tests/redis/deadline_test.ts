/**
 * Tests of publications that Redis carries out too late, or refuses.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { Publication } from "../../live/domain/publication.ts";
import { APPEND } from "../../live/redis/append_script.ts";
import { partitionOf } from "../../live/redis/partition.ts";
import { brokerTest, dataOf, publications } from "./setup.ts";

brokerTest("an append that Redis runs after its deadline changes nothing", async (broker) => {
  await broker.publish([Publication.from({ topic: "a:1", key: "k", data: "newer" })]);
  const commands = broker.link.session?.commands;
  assert(commands !== undefined);

  const past = commands.serverTimeMs() - 60_000;
  const bounds = ["0", "100", "600000", "600000", "fresh", "", ""];
  const late = [partitionOf("a:1"), "a:1", '"k"', '"older"', "", ""];
  const args = [`${past}`, "PUBLISH", ...bounds, ...late];
  const error = await assertRejects(() => commands.script(APPEND, [], args));

  assertStringIncludes(String(error), "EXPIRED");
  await broker.link.up(2); // the link gives up on a server that answers late
  const log = await broker.open("a:1");
  assertEquals(dataOf([...log.latest(0)]), ["newer"]);
});

brokerTest(
  "RedisBroker reports trouble while Redis refuses publications",
  async (broker, redis) => {
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    await assertRejects(() => broker.publish(publications("a:1", 1)), BrokerUnavailable);
    assertStringIncludes(broker.trouble ?? "", "OOM");

    await redis.command("CONFIG", "SET", "maxmemory", "0");
    const log = await broker.open("a:1");
    while (broker.trouble !== undefined) await redis.command("PING");
    await broker.publish(publications("a:1", 2));

    await broker.until(() => log.head === 1);
  },
);
