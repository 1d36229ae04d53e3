/**
 * The flags that the project's tasks print.
 *
 * @module
 */

/** Returns the words that a task prints, such as the flags that `deno task start` runs with. */
export async function flagsOf(
  task: "imports" | "permissions" | "commands",
): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", task],
    cwd: new URL("../../", import.meta.url),
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).split(/[ \n]+/).filter((flag) => flag !== "");
}
