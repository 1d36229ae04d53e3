/**
 * The file that pages import: it is up to date, small, and works.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import client from "../../live/client/client.min.js" with { type: "text" };
import denoJson from "../../deno.json" with { type: "json" };
import type { connect, LiveError } from "../../live/client/mod.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";

const root = new URL("../../", import.meta.url);

/** How much a page may have to load, in bytes. */
const MAX_GZIPPED_BYTES = 4_608;

Deno.test("client.min.js is the output of `deno task client`", async () => {
  const [deno, ...words] = denoJson.tasks.client.command.split(" ");
  const output = words.indexOf("--output");
  const args = words.toSpliced(output, 2); // to standard output, not to the file

  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: root })
    .output();

  assertEquals(deno, "deno");
  assertEquals(words[output + 1], "live/client/client.min.js");
  const text = new TextDecoder();
  assert(text.decode(stdout) === client, `Run \`deno task client\`. ${text.decode(stderr)}`);
});

Deno.test("client.min.js is at most 4.5 KiB gzipped", async () => {
  const stream = new Blob([client]).stream().pipeThrough(new CompressionStream("gzip"));
  const { byteLength } = await new Response(stream).arrayBuffer();

  assert(byteLength <= MAX_GZIPPED_BYTES, `${byteLength} bytes`);
});

Deno.test("client.min.js has no dependencies", () => {
  assertEquals(/\bimport\b|\brequire\b|https?:/.exec(client), null);
});

Deno.test("client.min.js, as the server serves it, receives what is published", async () => {
  const token = "the-publish-token-of-the-tests";
  await using directus = startDirectus();
  await using server = await ServerProcess.spawn({
    DIRECTUS_BASE_URL: directus.url,
    LIVE_TOPICS: "event=events",
    LIVE_PUBLISH_TOKEN: token,
  });
  const { live: port, ops } = await server.ports();
  const served = await (await fetch(`http://127.0.0.1:${port}/live/client.js`)).text();
  const module: { connect: typeof connect; LiveError: typeof LiveError } = await import(
    `data:text/javascript,${encodeURIComponent(served)}`
  );
  const cookie = directus.directus.session("ada@example.com");
  let socket: WebSocket | undefined;
  const live = module.connect(`ws://127.0.0.1:${port}`, {
    webSocket: (url) => socket = new WebSocket(url, { headers: { cookie } }),
  });
  const begun = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<LiveError>();
  live.subscribe("event:99", { onError: refused.resolve });
  const messages = live.subscribe<{ x: number }>("event:1", { onStart: () => begun.resolve() });
  const next = messages[Symbol.asyncIterator]().next();
  await begun.promise;

  const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
    method: "POST",
    headers: { "authorization": `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ topic: "event:1", key: "car-7", data: { x: 17.3 } }),
  });
  await response.body?.cancel();

  assertEquals((await next).value?.data.x, 17.3);
  const error = await refused.promise;
  assert(error instanceof module.LiveError);
  assertEquals(error.code, "forbidden");
  const closed = new Promise((resolve) => socket?.addEventListener("close", resolve));
  live.close();
  await closed;
});
