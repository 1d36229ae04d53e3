import { assertEquals } from "@std/assert";
import { importsOf } from "./imports.ts";

Deno.test("importsOf() finds every form of an import", () => {
  const text = `
    import a from "./a.ts";
    import type { B } from './b.ts';
    import {
      c,
      type C,
    } from "./c.ts";
    import * as d from "./d.ts";
    import "./e.ts";
    export * from "./f.ts";
    export { type G } from "./g.ts";
    import json from "./h.json" with { type: "json" };
    const i = await import("./i.ts");
    export const not = "from './no.ts'";
    // import j from "./no.ts";
    /* import k from "./no.ts"; */
    /**
     * import l from "./no.ts";
     */
  `;
  assertEquals(
    importsOf(text).toSorted(),
    [..."abcdefg"].map((name) => `./${name}.ts`).concat("./h.json", "./i.ts").toSorted(),
  );
});
