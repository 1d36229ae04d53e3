/**
 * Tests of a subscription's messages.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SubscriptionFrames } from "../../live/directus_protocol/frames.ts";
import type { SubscribeMessage } from "../../live/directus_protocol/messages.ts";
import type { LoggedPublication } from "../../live/domain/broker.ts";

/** Publications, each as key and payload, or as a key alone that was removed. */
function publications(...texts: string[]): LoggedPublication[] {
  return texts.map((text, index) => {
    const [key = "", json] = text.split("=");
    return { offset: index + 1, key, json, at: 0 };
  });
}

/** Returns the messages about publications that are due together, as the event and its data. */
function messages(more: Partial<SubscribeMessage>, ...texts: string[]): readonly unknown[] {
  const frames = new SubscriptionFrames({ type: "subscribe", collection: "tasks", ...more }, 10);
  const written: string[] = [];
  for (const publication of publications(...texts)) {
    if (!frames.joins(publication, false)) written.push(frames.finish());
    frames.add(publication, false);
  }
  return [...written, frames.finish()].filter((text) => text !== "").map((text) => JSON.parse(text))
    .map(({ event, data }) => [event, data]);
}

for (
  const [name, more, texts, expected] of [
    ["rows with the same event", {}, ["a=1", "b=2"], [["create", [1, 2]]]],
    ["rows with different events", {}, ["a=1", "b=2", "a=3", "c=4", "a"], [
      ["create", [1, 2]],
      ["update", [3]],
      ["create", [4]],
      ["delete", ["a"]],
    ]],
    ["a row that changed twice", {}, ["a=1", "b=2", "a=3", "b=4", "a=5"], [
      ["create", [1, 2]],
      ["update", [5, 4]],
    ]],
    ["a row that changed and changed back", {}, ["a=1", "a=2", "a=1"], [
      ["create", [1]],
      ["update", [1]],
    ]],
    ["a row that was created again", {}, ["a=1", "a", "a=1"], [
      ["create", [1]],
      ["delete", ["a"]],
      ["create", [1]],
    ]],
    ["rows around an event that is not reported", { event: "create" }, ["a=1", "a=2", "b=3"], [
      ["create", [1, 3]],
    ]],
    ["an item", { item: "a" }, ["a=1", "a=2", "a=3"], [
      ["create", 1],
      ["update", 2],
      ["update", 3],
    ]],
    ["nothing", { event: "delete" }, ["a=1", "a=2"], []],
  ] as const
) {
  Deno.test(`SubscriptionFrames reports ${name}`, () => {
    assertEquals(messages(more, ...texts), expected);
  });
}
