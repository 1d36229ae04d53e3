/**
 * The types of topics: what the compiler infers from the payloads that a program declares.
 *
 * @module
 */

import type { Live, LiveState, Message, Subscription } from "../../live/client/mod.ts";

interface Position {
  x: number;
  y: number;
}

interface Payloads {
  event: Position;
  chat: { text: string } | { typing: boolean };
}

/** Compiles only if both types are the same. */
function same<A, B>(
  _: (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false,
): void {}

/** Never called: the compiler alone looks at it. */
function check(live: Live<Record<string, object[]>, Payloads>, id: number): void {
  same<typeof live.state, LiveState>(true);

  const fixed = live.subscribe("event:42");
  same<typeof fixed, Subscription<Position>>(true);
  const computed = live.subscribe(`event:${id}`, {
    onMessage(message) {
      same<typeof message, Message<Position>>(true);
    },
  });
  same<typeof computed, Subscription<Position>>(true);
  const either = live.subscribe("chat:1");
  same<typeof either, Subscription<Payloads["chat"]>>(true);

  const other = live.subscribe("news:1");
  same<typeof other, Subscription<unknown>>(true);
  const named = live.subscribe<{ title: string }>("news:1");
  same<typeof named, Subscription<{ title: string }>>(true);

  live.subscribe("event:42", {
    // @ts-expect-error -- a removal has no data
    onMessage: ({ data }) => data.x,
  });
  live.subscribe("event:42", {
    // @ts-expect-error -- not a field of the payload
    onMessage: ({ removed, data }) => removed || data.z,
  });
}

/** Never called. Without declared payloads, the program names each where it subscribes. */
function checkUndeclared(live: Live): void {
  const unnamed = live.subscribe("event:42");
  same<typeof unnamed, Subscription<unknown>>(true);
  const named = live.subscribe<Position>("event:42");
  same<typeof named, Subscription<Position>>(true);
  const handled = live.subscribe<Position>("event:42", { onMessage: ({ data }) => data?.x });
  same<typeof handled, Subscription<Position>>(true);
}

Deno.test("the compiler infers the payloads of topics", () => {
  void [check, checkUndeclared];
});
