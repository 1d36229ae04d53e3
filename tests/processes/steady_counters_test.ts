/**
 * Counters of a process that is restarted, or does not answer.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { joinExpositions } from "../../live/processes/exposition.ts";
import { SteadyCounters } from "../../live/processes/steady_counters.ts";

function exposition(published: number, connections: number): string {
  return "# HELP published What\n# TYPE published counter\n" +
    `published{a="x y"} ${published}\n` +
    `# HELP connections What\n# TYPE connections gauge\nconnections ${connections}\n`;
}

/** Returns what a supervisor exposes of a process after a scrape. */
function scrape(counters: SteadyCounters, text: string): string[] {
  counters.add(text);
  return joinExpositions([text, counters.former()]).split("\n").filter((line) =>
    !line.startsWith("#") && line !== ""
  );
}

Deno.test("SteadyCounters adds what former lives of a process counted, but no gauge", () => {
  const counters = new SteadyCounters();

  assertEquals(scrape(counters, exposition(200, 5)), ['published{a="x y"} 200', "connections 5"]);
  assertEquals(scrape(counters, exposition(13, 2)), ['published{a="x y"} 213', "connections 2"]);
  assertEquals(scrape(counters, exposition(14, 3)), ['published{a="x y"} 214', "connections 3"]);
  assertEquals(scrape(counters, exposition(0, 0)), ['published{a="x y"} 214', "connections 0"]);
});

Deno.test("SteadyCounters counts as before while a process does not answer", () => {
  const counters = new SteadyCounters();
  counters.add(exposition(200, 5));
  counters.add(exposition(13, 2));

  assertEquals(counters.all(), '# TYPE published counter\npublished{a="x y"} 213\n');
});
