/**
 * The commands of `live/docs/GUIDE.md`.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { RealDirectus } from "./real_directus.ts";
import { takeFreePort } from "../../live/transport/listener.ts";

const ROOT = new URL("../../", import.meta.url);
const GUIDE = Deno.readTextFileSync(new URL("live/docs/GUIDE.md", ROOT));

/** Registers the test. */
export function guide(directus: RealDirectus): void {
  Deno.test("GUIDE.md leads from a Directus to a message", async () => {
    const folder = await Deno.makeTempDir({ prefix: "live-guide-" });
    try {
      const [live, ops] = [takeFreePort(), takeFreePort()];
      const commands = [...GUIDE.matchAll(/```sh\n([^]*?)```/g)].map(([, block = ""]) => block);
      assertEquals(commands.length, 5);
      const script = commands.join("\n")
        .replace("http://localhost:8055", directus.url)
        .replace("http://localhost:8080", `http://127.0.0.1:${live}`)
        .replace("http://localhost:9090", `http://127.0.0.1:${ops}`)
        .replaceAll("cookies.txt", `${folder}/cookies.txt`)
        .replaceAll("heard.txt", `${folder}/heard.txt`);
      const child = new Deno.Command("bash", {
        args: ["-c", `set -e\ntrap 'kill $(jobs -p)' EXIT\n${script}`],
        cwd: ROOT,
        env: { LIVE_WS_PORT: `${live}`, OPS_PORT: `${ops}`, LIVE_ALLOWED_ORIGINS: "*" },
        stdout: "piped",
        stderr: "piped",
      });
      const { code, stdout, stderr } = await child.output();
      const output = new TextDecoder().decode(stdout);
      assertEquals(code, 0, output + new TextDecoder().decode(stderr));
      assertStringIncludes(output, '"key":"car-7","data":{"x":17.3,"y":4.1}');
      assert(!output.includes("directus_session_token="), "the server's log holds no cookie");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
