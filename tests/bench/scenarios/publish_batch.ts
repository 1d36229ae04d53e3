/**
 * A batch of messages that disconnected clients miss.
 *
 * @module
 */

import type { BenchServer } from "../servers.ts";

/** Publishes messages of 200 bytes in one call; resolves to the position of the first. */
export async function publishBatch(
  { publishing: { port, path, headers = "" } }: BenchServer,
  count: number,
): Promise<{ epoch: string }> {
  const [, authorization = ""] = /: (.*)\r/.exec(headers) ?? [];
  const message = { topic: "events:0", data: { pad: "x".repeat(180) } };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(Array.from({ length: count }, () => message)),
  });
  const { published } = await response.json();
  return published[0];
}
