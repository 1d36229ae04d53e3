/**
 * Tests of the status page as a file: its content security policy, and that it is up to date.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import denoJson from "../../deno.json" with { type: "json" };
import script from "../../live/page/page.min.js" with { type: "text" };
import { createOpsHandler } from "../../live/ops/ops_handler.ts";
import { Ops, TOKEN } from "./ops_setup.ts";

const root = new URL("../../", import.meta.url);

const status = () => Promise.reject(new Error("not asked"));
const parts = { status, content: status };

Deno.test("GET / is one page that loads nothing, and runs only its own script", async () => {
  await using ops = await Ops.start(parts);
  const { status, headers, text } = await ops.fetch("/");

  assertEquals([status, headers.get("content-type")], [200, "text/html; charset=utf-8"]);
  const policy = headers.get("content-security-policy") ?? "";
  for (const tag of ["script", "style"] as const) {
    const blocks = [...text.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, "g"))];
    assertEquals(blocks.length, 1, tag);
    const hash = createHash("sha256").update(blocks[0]?.[1] ?? "").digest("base64");
    assert(policy.includes(`${tag}-src 'sha256-${hash}'`), tag);
    assert((blocks[0]?.[1]?.length ?? 0) > 1_000, tag);
  }
  assertMatch(policy, /^default-src 'none'; /);
  for (const rule of ["frame-ancestors 'none'", "connect-src 'self'", "base-uri 'none'"]) {
    assert(policy.includes(rule), rule);
  }
  assertEquals(/unsafe|\*/.exec(policy), null);
  assertEquals(/\son\w+=|style="|<link[^>]+stylesheet|\bsrc="/i.exec(text), null);
  assertEquals(text.match(/https?:\/\/(?!www\.w3\.org\/2000\/svg)[^"' ]+/g), null);
  assertEquals(headers.get("x-frame-options"), "DENY");
  assertEquals(headers.get("cache-control"), "no-store");
});

Deno.test("GET / needs no token, and shows no data", async () => {
  await using ops = await Ops.start({ ...parts, about: { instance: "berlin-1" } });
  const { text } = await ops.fetch("/");
  assertEquals([text.includes("berlin-1"), text.includes(TOKEN)], [false, false]);
});

Deno.test("GET / is 403 with a foreign Host, like any route", async () => {
  await using ops = await Ops.start(parts);
  const { status } = await ops.fetch("/");
  assertEquals(status, 200);
  const handle = createOpsHandler({
    server: { ...parts, readiness: "ready", trouble: undefined, strain: undefined, ...nothing },
    metrics: { contentType: "text/plain", text: () => Promise.resolve("") },
  });
  assertEquals(handle(new Request("http://live.example/other")), undefined);
  assertEquals((await handle(new Request("http://live.example/")))?.status, 200);
  const post = await handle(new Request("http://live.example/", { method: "POST" }));
  assertEquals(post?.status, 405);
});

const nothing = { publish: () => Promise.resolve([]), changed: () => Promise.resolve([]) };

Deno.test("page.min.js is the output of `deno task page`, and cannot end its own tag", async () => {
  const [deno, ...words] = denoJson.tasks.page.command.split(" ");
  const output = words.indexOf("--output");
  const args = words.toSpliced(output, 2); // to standard output, not to the file

  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();

  assertEquals([deno, words[output + 1]], ["deno", "live/page/page.min.js"]);
  const text = new TextDecoder();
  assert(text.decode(stdout) === script, `Run \`deno task page\`. ${text.decode(stderr)}`);
  assertEquals(/<\/script|<!--|innerHTML|insertAdjacent|\beval\b|Storage/i.exec(script), null);
});
