/**
 * The client as npm installs it, in every way that the documentation names. For `deno task test:client`
 * alone.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { startLive } from "../../support/live.ts";
import { run } from "./install.ts";
import { Workspace } from "./workspace.ts";

/** What Vite's template for TypeScript sets, with the oldest `lib` that the client works with. */
const COMPILER_OPTIONS = {
  target: "ES2022",
  lib: ["ES2022", "DOM"],
  module: "ESNext",
  moduleResolution: "bundler",
  types: [],
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: true,
  moduleDetection: "force",
  noEmit: true,
  strict: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  erasableSyntaxOnly: true,
  noFallthroughCasesInSwitch: true,
  jsx: "react-jsx",
};

const PROGRAM = `
  import { connect, type Live, LiveError } from "@live/client";
  import * as react from "@live/client/react";
  import { createLive } from "@live/client/shared";
  import * as svelte from "@live/client/svelte";
  import * as vue from "@live/client/vue";

  interface Schema {
    events: { id: number; title: string; secret: string }[];
  }

  declare module "@live/client/react" {
    interface Register {
      schema: Schema;
      payloads: { event: { x: number } };
    }
  }

  export const live: Live<Schema> = connect<Schema>("wss://live.test");
  live.view("events", { fields: ["id", "title"] }, {
    onChange(rows) {
      const titles: string[] = rows.map(({ title }) => title);
      // @ts-expect-error it is not one of the fields
      console.log(titles, rows[0].secret);
    },
    onError: (error) => console.log(error instanceof LiveError),
  });

  const query = { fields: ["id", "title"] } as const;
  const views = [
    react.useView("events", query),
    vue.useView(() => "events", query).value,
    createLive("wss://live.test").view("events", query).get(),
  ];
  const titles: (string | undefined)[] = views.map(({ rows }) => rows?.[0]?.title);
  // @ts-expect-error it is not one of the fields
  views[0].rows?.[0]?.secret;
  // @ts-expect-error there is no such collection
  vue.useView("nothing");
  // @ts-expect-error there is no such field
  svelte.useView("events", { fields: ["nothing"] });
  svelte.useView("events", { fields: ["title"] }).subscribe(({ rows }) => rows?.[0]?.title.length);

  const known: number | undefined = react.useTopic("event:1").items.get("a")?.x;
  const named: string | undefined = vue.useTopic<string>("other:1").value.items.get("a");
  svelte.useMessages("event:1", { onMessage: ({ data }) => data?.x.toFixed() });
  // @ts-expect-error it has another type
  react.useMessages("event:1", { onMessage: ({ data }) => data?.y });
  console.log(titles, known, named);
`;

/** Runs TypeScript on files, with some options beside those of the template. */
async function compile(
  workspace: Workspace,
  files: readonly string[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await Deno.writeTextFile(
    `${workspace.folder}/tsconfig.json`,
    JSON.stringify({ compilerOptions: { ...COMPILER_OPTIONS, ...more }, files }),
  );
  await workspace.node("typescript/bin/tsc", []);
}

/** Checks that Node.js loads the installed client. */
async function checkLoads(workspace: Workspace): Promise<void> {
  const script = `const { connect } = await import("@live/client");
    const { createLive } = await import("@live/client/shared");
    console.log(typeof connect, typeof createLive);`;
  const printed = await run("node", ["--input-type=module", "-e", script], workspace.folder);
  assertEquals(printed, "function function\n");
}

Deno.test("npm installs the client from the server, from a tarball and from a folder", async () => {
  await using live = await startLive();
  await using stack = new AsyncDisposableStack();
  const address = `${live.http}/live/client.tgz`;

  const served = stack.use(await Workspace.create(address));
  await checkLoads(served);

  const tarball = `${served.folder}/live-client.tgz`;
  await Deno.writeFile(tarball, await (await fetch(address)).bytes());
  const packed = stack.use(await Workspace.create(tarball));
  await checkLoads(packed);

  const folder = `${packed.folder}/node_modules/@live/client`;
  await checkLoads(stack.use(await Workspace.create(folder)));
});

Deno.test("the client and its sources compile in a project of Vite's template", async () => {
  await using live = await startLive();
  await using workspace = await Workspace.create(`${live.http}/live/client.tgz`);
  await Deno.writeTextFile(`${workspace.folder}/program.ts`, PROGRAM);
  await compile(workspace, ["program.ts"]);

  const sources = new URL("../../../live/client/", import.meta.url).pathname;
  const files = ["mod.ts", "hooks/react.ts", "hooks/vue.ts", "hooks/svelte.ts"]
    .map((name) => sources + name);

  await compile(workspace, files, {
    // The sources are not below the packages that they import.
    paths: {
      "react": [workspace.path("@types/react/index.d.ts")],
      "svelte": [workspace.path("svelte/types/index.d.ts")],
      "svelte/store": [workspace.path("svelte/types/index.d.ts")],
      "vue": [workspace.path("vue")],
    },
  });
});
