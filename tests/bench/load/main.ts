/**
 * The load generator, a process of its own. Each line on its standard input is an order in JSON, which
 * it answers with a line of JSON.
 *
 * @module
 */

import { Crowd } from "./crowd.ts";
import type { Called, Connected, Order, Published } from "./orders.ts";
import { call, publishAtRate, publishOneByOne } from "./phases.ts";

let crowd: Crowd | undefined;

function obey(order: Order): Connected | Published | Called | Record<string, never> {
  switch (order.order) {
    case "connect":
      crowd?.[Symbol.dispose]();
      crowd = new Crowd(order);
      return crowd.open();
    case "close":
      crowd?.[Symbol.dispose]();
      crowd = undefined;
      return {};
    case "calls":
      return call(order);
    case "rate":
      return publishAtRate(connected(), order);
    case "one":
      return publishOneByOne(connected(), order);
  }
}

function connected(): Crowd {
  if (crowd === undefined) throw new Error("No client is connected");
  return crowd;
}

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let rest = "";
for await (const text of lines) {
  const found = (rest + text).split("\n");
  rest = found.pop() ?? "";
  for (const line of found) {
    let answer: unknown;
    try {
      answer = obey(JSON.parse(line));
    } catch (error) {
      answer = { error: String(error) };
    }
    Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
  }
}
