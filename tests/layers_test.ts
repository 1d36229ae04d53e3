/**
 * The layers: a file imports only from layers below its own, or from its own folder.
 *
 * Imports of types count as well.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import denoJson from "../deno.json" with { type: "json" };
import { codeOf, importsOf, sources, targetOf } from "./support/imports.ts";

/** The layer of each folder. */
const LAYERS: Readonly<Record<string, number>> = {
  "live/access": 1,
  "live/client": 0,
  "live/client/hooks": 1,
  "live/domain": 0,
  "live/config": 1,
  "live/connection": 1,
  "live/directus": 2,
  "live/history": 1,
  "live/hub": 1,
  "live/telemetry": 1,
  "live/terminal": 1,
  "live/transport": 1,
  "live/wire": 1,
  "live/redis": 2,
  "live/views": 2,
  "live/session": 3,
  "live/directus_protocol": 3,
  "live/http": 4,
  "live/ops": 4,
  "live/setup": 4,
  "live/doctor": 5,
  "live/threads": 7,
};

/** The layers of the files that compose the others. */
const TOP: Readonly<Record<string, number>> = {
  "live/live.ts": 6,
  "live/settings.ts": 7,
  "live/application.ts": 8,
  "live/mod.ts": 9,
  "main.ts": 10,
};

/** The browser client imports nothing of the server, which imports only its generated files. */
const CLIENT = "live/client";
const CLIENT_FILES = ["client.min.js", "client.d.ts.txt", "client.tgz.txt"]
  .map((name) => `${CLIENT}/${name}`);
/** The script of the status page is generated in the same way. */
const PAGE = "live/page";
const SERVES_PAGE = "live/ops/status_page.ts";

/** Files of the client that belong to a framework, and what they may import of it. */
const FRAMEWORKS: Readonly<Record<string, string[]>> = {
  "live/client/hooks/react.ts": ["react"],
  "live/client/hooks/svelte.ts": ["svelte", "svelte/store"],
  "live/client/hooks/vue.ts": ["vue"],
};

const SERVES_CLIENT = "live/http/client_file.ts";

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function layerOf(path: string): number | undefined {
  return TOP[path] ?? LAYERS[folderOf(path)];
}

function isClient(path: string): boolean {
  return path.startsWith(`${CLIENT}/`);
}

/** Returns what is wrong with an import; `undefined` if it is allowed. */
function faultOf(from: string, name: string): string | undefined {
  const fault = (what: string) => `${from} must not import ${name}: ${what}`;
  if (FRAMEWORKS[from]?.includes(name)) return undefined;
  if (isClient(from) && !isClient(targetOf(name, from))) {
    return fault("the client imports only its own files");
  }
  if (name.startsWith("node:")) return undefined;
  if (!name.startsWith(".")) {
    const isDeclared = Object.keys(denoJson.imports).some((declared) =>
      name === declared || name.startsWith(`${declared}/`)
    );
    return isDeclared ? undefined : fault("deno.json does not declare it");
  }
  const to = targetOf(name, from);
  if (from === "main.ts" && to === "deno.json") return undefined;
  if (folderOf(to) === PAGE) {
    const isServed = /\.(?:html|css|min\.js)$/.test(to);
    return from === SERVES_PAGE && isServed
      ? undefined
      : fault("the server only serves the files of the page");
  }
  if ((isClient(to) && !isClient(from)) || CLIENT_FILES.includes(to)) {
    if (from === SERVES_CLIENT && CLIENT_FILES.includes(to)) return undefined;
    return fault("the server only serves the generated files of the client");
  }
  const [own, other] = [layerOf(from), layerOf(to)];
  if (own === undefined) return `${from} is in no layer`;
  if (other === undefined) return fault("it is in no layer");
  if (other < own || folderOf(from) === folderOf(to)) return undefined;
  return fault(
    other > own ? "it is in a higher layer" : "it is in another folder of the same layer",
  );
}

/** Returns the files whose code matches. */
function filesWith(pattern: RegExp): string[] {
  return [...sources].filter(([, text]) => pattern.test(codeOf(text))).map(([path]) => path);
}

Deno.test("live/ and main.ts import from the layers below only", () => {
  const faults = [...sources].flatMap(([path, text]) =>
    importsOf(text).map((name) => faultOf(path, name)).filter((fault) => fault !== undefined)
  );
  assertEquals(faults, []);
});

Deno.test("no file of live/ imports itself through other files", () => {
  const imports = new Map(
    [...sources].map(([path, text]) => [path, importsOf(text).map((name) => targetOf(name, path))]),
  );
  for (let size = NaN; size !== imports.size;) {
    size = imports.size;
    for (const [path, names] of imports) {
      if (!names.some((name) => imports.has(name))) imports.delete(path);
    }
  }
  assertEquals([...imports.keys()], []);
});

Deno.test("every folder of live/ has a layer, and every layer has files", () => {
  const folders = new Set([...sources.keys()].filter((path) => !(path in TOP)).map(folderOf));
  assertEquals([...folders].toSorted(), Object.keys(LAYERS).toSorted());
});

Deno.test("the imports of live/ are found", () => {
  const count = [...sources.values()].flatMap(importsOf).length;
  assert(count >= 100, `only ${count}`);
  const main = importsOf(sources.get("main.ts") ?? "");
  assert(main.includes("./live/application.ts") && main.includes("./deno.json"));
});

for (
  const [from, name, isGood] of [
    ["live/domain/topic.ts", "zod", true],
    ["live/hub/hub.ts", "../domain/topic.ts", true],
    ["live/hub/hub.ts", "../connection/connection.ts", false],
    ["live/hub/hub.ts", "../session/session.ts", false],
    ["live/client/mod.ts", "zod", false],
    ["live/client/mod.ts", "./hooks/shared.ts", false],
    ["live/client/mod.ts", "../domain/topic.ts", false],
    ["live/client/hooks/shared.ts", "../mod.ts", true],
    ["live/client/hooks/shared.ts", "../../domain/topic.ts", false],
    ["live/client/hooks/shared.ts", "react", false],
    ["live/client/hooks/react.ts", "react", true],
    ["live/client/hooks/react.ts", "vue", false],
    ["live/http/client_file.ts", "../client/client.min.js", true],
    ["live/http/client_file.ts", "../client/client.tgz.txt", true],
    ["live/http/client_file.ts", "../client/README.md", false],
    ["live/http/live_server.ts", "../client/client.min.js", false],
    ["live/http/live_server.ts", "npm:zod@4", false],
    ["live/loose.ts", "./domain/topic.ts", false],
  ] as const
) {
  Deno.test(`faultOf() ${isGood ? "allows" : "forbids"} ${from} to import ${name}`, () => {
    assertEquals(faultOf(from, name) === undefined, isGood);
  });
}

Deno.test("live/ imports no computed names", () => {
  assertEquals(filesWith(/\bimport\((?!\s*["'])/), []);
});

for (
  const [what, pattern, files] of [
    ["reads the environment", /\bDeno\.env\b/, ["main.ts"]],
    ["traps signals", /\bDeno\.addSignalListener\b/, ["main.ts"]],
    ["ends the process", /\bDeno\.exit\b|\bprocess\.exit\b/, ["main.ts"]],
    ["listens with Deno", /\bDeno\.(?:serve|listen|listenTls)\(/, ["live/transport/listener.ts"]],
    ["opens UDP sockets", /\bDeno\.listenDatagram\(/, ["live/transport/spare_descriptors.ts"]],
    ["listens with Node", /\bcreateServer\(/, ["live/transport/ws_server.ts"]],
    ["upgrades with Deno", /\bDeno\.upgradeWebSocket\(/, ["live/transport/deno_exchange.ts"]],
    ["upgrades with npm ws", /\.handleUpgrade\(/, ["live/transport/ws_exchange.ts"]],
    ["starts processes", /\bDeno\.Command\b/, []],
    ["starts threads", /\bnew Worker\b/, ["live/threads/spawn.ts"]],
    ["reads or writes files", /\bDeno\.(?:open|read\w*File|write\w*File)\b/, []],
  ] as const
) {
  Deno.test(`only ${files.join(" and ") || "no file"} ${what}`, () => {
    assertEquals(filesWith(pattern).toSorted(), [...files]);
  });
}
