/**
 * The client as an npm package, and the types of the file that pages import.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import denoJson from "../../deno.json" with { type: "json" };
import types from "../../live/client/client.d.ts.txt" with { type: "text" };
import tarball from "../../live/client/client.tgz.txt" with { type: "text" };
import { startLive } from "../support/live.ts";

const root = new URL("../../", import.meta.url);

/** Runs `deno task client:npm`, with other folders to write to. */
async function build(packageFolder: string, servedFolder: string): Promise<void> {
  const [deno, ...words] = denoJson.tasks["client:npm"].command.split(" ");
  assertEquals([deno, ...words.slice(-2)], ["deno", "dist/npm", "live/client"]);
  const args = words.slice(0, -2).map((word) =>
    word.startsWith("--allow-write=") ? `--allow-write=${packageFolder},${servedFolder}` : word
  );
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, packageFolder, servedFolder],
    cwd: root,
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

/** Returns what a tarball in base64 contains, without its compression. */
async function unpack(base64: string): Promise<Uint8Array> {
  const stream = new Blob([Uint8Array.fromBase64(base64)]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).bytes();
}

/** Returns the files in a tarball by their paths (POSIX ustar: headers and contents in blocks of 512). */
function filesIn(tar: Uint8Array): Map<string, string> {
  const decoder = new TextDecoder();
  const field = (offset: number, length: number) =>
    decoder.decode(tar.subarray(offset, offset + length)).replace(/\0.*$/, "");
  const files = new Map<string, string>();
  for (let at = 0; field(at, 100) !== "";) {
    const size = parseInt(field(at + 124, 12), 8);
    files.set(field(at, 100), field(at + 512, size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

const files = filesIn(await unpack(tarball));

/** Returns a file of the served package. */
function read(path: string): string {
  return files.get(`package/${path}`) ?? "";
}

const paths = [...files.keys()].map((path) => path.replace("package/", ""));
const manifest = JSON.parse(read("package.json"));

Deno.test("the served package and types are the output of `deno task client`", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "live-package-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));

  await build(`${folder}/npm`, folder);

  const message = "Run `deno task client`.";
  assert(Deno.readTextFileSync(`${folder}/client.d.ts.txt`) === types, message);
  const made = filesIn(await unpack(Deno.readTextFileSync(`${folder}/client.tgz.txt`)));
  assertEquals([...made.keys()], [...files.keys()], message);
  for (const [path, text] of made) {
    assert(text === files.get(path), `${message} It differs in ${path}`);
    assert(text === Deno.readTextFileSync(path.replace("package", `${folder}/npm`)), path);
  }
});

Deno.test("the package has the server's version, and no dependencies but optional peers", () => {
  assertEquals([manifest.name, manifest.version], ["@live/client", denoJson.version]);
  assertEquals([manifest.dependencies, manifest.scripts], [undefined, undefined]);
  for (const name of Object.keys(manifest.peerDependencies)) {
    assertEquals(manifest.peerDependenciesMeta[name], { optional: true });
  }
});

Deno.test("the files that the package names are in it", () => {
  const named: string[] = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target as Record<string, string>)
  );

  for (const path of named) assert(paths.includes(path.replace("./", "")), path);
  for (const path of paths.filter((path) => /\.(?:js|d\.ts)$/.test(path))) {
    const text = read(path).replace(/\/\*[^]*?\*\//g, "");
    for (const [, name = ""] of text.matchAll(/\bfrom "(\.[^"]+)"/g)) {
      assertMatch(name, /\.js$/);
      const target = new URL(name, `file:///${path}`).pathname.slice(1);
      const wanted = path.endsWith(".js") ? target : target.replace(/\.js$/, ".d.ts");
      assert(paths.includes(wanted), `${path} imports ${name}`);
    }
  }
});

Deno.test("each file of code has a source map that contains the source", () => {
  for (const path of paths.filter((path) => path.endsWith(".js"))) {
    const name = path.replace(/^.*\//, "");
    const code = read(path);
    const map = JSON.parse(read(`${path}.map`));

    assertStringIncludes(code, `//# sourceMappingURL=${name}.map`);
    assertEquals(map.sources, [name.replace(/\.js$/, ".ts")]);
    assertMatch(map.sourcesContent[0], /@module/);
  }
});

Deno.test("the types of the client are one file that imports nothing", () => {
  assertEquals(/^(?:import|export .* from)\b/m.exec(types), null);
  assertStringIncludes(types, "export declare function connect");
});

Deno.test("Deno finds the types of the client by its address", async () => {
  await using live = await startLive();
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "live-types-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const host = `127.0.0.1:${live.port}`;
  await Deno.writeTextFile(
    `${folder}/program.ts`,
    `import { connect } from "http://${host}/live/client.js";
    connect<{ events: { title: string }[] }>("${live.ws}").view("events", {}, {
      onChange: (rows) => rows.map(({ title }): number => title),
    });`,
  );

  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--no-config", "--no-lock", `--allow-import=${host}`, `${folder}/program.ts`],
    env: { DENO_DIR: `${folder}/cache`, NO_COLOR: "1" },
  }).output();

  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 1, text);
  assertStringIncludes(text, "Type 'string' is not assignable to type 'number'");
  assertEquals(text.match(/\[ERROR\]/g)?.length, 1);
});

Deno.test("the types of the client compile with lib ES2022 in strict mode, and infer the rows of a view", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "live-types-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeTextFile(`${folder}/client.d.ts`, types);
  await Deno.writeTextFile(
    `${folder}/program.ts`,
    `import type { connect } from "./client.d.ts";
    interface Author { id: number; name: string }
    interface Post { id: number; title: string; author: Author | number }
    interface Schema { posts: Post[]; authors: Author[] }
    export const titles = (open: typeof connect) =>
      open<Schema>("wss://live.example.com").view("posts", { fields: ["title", "author.name"] })
        .rows?.map(({ title, author }): number => \`\${title} \${author.name}\`);`,
  );
  const compilerOptions = { lib: ["es2022", "dom"], strict: true, skipLibCheck: false };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ compilerOptions }));

  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--no-lock", "--config", `${folder}/deno.json`, `${folder}/program.ts`],
    env: { NO_COLOR: "1" },
  }).output();

  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 1, text);
  assertStringIncludes(text, "Type 'string' is not assignable to type 'number'");
  assertEquals(text.match(/\[ERROR\]/g)?.length, 1, text);
});
