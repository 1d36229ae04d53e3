/**
 * The two protocols, for tests of what both have in common.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Cursor } from "../../live/domain/broker.ts";
import { cookieOf } from "../support/authorities.ts";
import type { Message } from "../support/client.ts";
import { textFrame } from "../support/frames.ts";
import type { Live } from "../support/live.ts";
import { RawClient } from "../support/raw_client.ts";
import { SseClient } from "../support/sse_client.ts";

/** A client whose messages a test takes one by one. */
export interface Reader extends AsyncDisposable {
  /** Resolves to the next message. */
  next(): Promise<Message>;
}

/** A protocol. */
export interface Protocol {
  /** Its name, for the names of tests. */
  readonly name: "WebSocket" | "stream";
  /** Connects and subscribes, after a position if there is one; `subscribed` is the next message. */
  connect(live: Live, topic: string, since?: Cursor): Promise<Reader>;
  /** Connects and subscribes over TCP, and reads no more. */
  connectStuck(live: Live, topic: string): Promise<RawClient>;
}

/** Live's protocol over WebSockets. */
export const webSocket: Protocol = {
  name: "WebSocket",
  async connect(live, topic, since) {
    const client = await live.connect();
    client.send({ type: "subscribe", topic, since });
    return client;
  },
  async connectStuck(live, topic) {
    const client = await live.connectRaw("stuck");
    await client.sendFrame(textFrame(JSON.stringify({ type: "subscribe", topic })));
    assertEquals((await client.message()).type, "subscribed");
    return client;
  },
};

/** Live's protocol over server-sent events. */
export const stream: Protocol = {
  name: "stream",
  async connect(live, topic, since) {
    const headers = since && { "last-event-id": `${since.epoch}:${since.offset}` };
    const client = await SseClient.to(live, [topic], headers);
    assertEquals((await client.next()).type, "welcome");
    return client;
  },
  async connectStuck(live, topic) {
    const client = await RawClient.connect(live.port);
    await client.request(`/sse?topic=${topic}`, { host: "x", cookie: cookieOf("stuck") });
    assertEquals((await client.head()).status, 200);
    return client;
  },
};

/** Both protocols. */
export const protocols: readonly Protocol[] = [webSocket, stream];
