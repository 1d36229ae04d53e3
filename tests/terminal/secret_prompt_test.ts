/**
 * The prompt for a password.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { askSecret } from "../../live/terminal/secret_prompt.ts";

/** Input in chunks, one for each read. */
function input(chunks: readonly (string | Uint8Array)[], isTerminal = true) {
  const modes: boolean[] = [];
  const rest = chunks.map((chunk) =>
    typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk
  );
  return {
    modes,
    isTerminal: () => isTerminal,
    setRaw: (raw: boolean) => void modes.push(raw),
    read(buffer: Uint8Array) {
      const chunk = rest.shift();
      if (chunk !== undefined) buffer.set(chunk);
      return Promise.resolve(chunk?.length ?? null);
    },
  };
}

for (
  const [name, chunks, secret] of [
    ["one read", ["secret\r"], "secret"],
    ["one key at a time", ["s", "e", "c", "\n"], "sec"],
    ["a corrected letter", ["sex\x7fc\r"], "sec"],
    ["more erased than typed", ["a\x7f\x7f\bb\r"], "b"],
    [
      "a letter whose bytes come apart",
      [Uint8Array.of(0xc3), Uint8Array.of(0xa4), "\r"],
      "ä",
    ],
    ["nothing but Enter", ["\r"], ""],
    ["Ctrl-C", ["sec\x03"], undefined],
    ["Ctrl-D", ["\x04"], undefined],
    ["the end of the input", ["sec"], undefined],
  ] as const
) {
  Deno.test(`askSecret() reads ${name}, without echo`, async () => {
    const terminal = input(chunks);
    const written: string[] = [];

    assertEquals(await askSecret("Password", terminal, (text) => written.push(text)), secret);

    assertEquals(written.join(""), "Password: \n");
    assertEquals(terminal.modes, [true, false]);
  });
}

Deno.test("askSecret() does not ask without a terminal", async () => {
  const terminal = input(["secret\r"], false);
  assertEquals(await askSecret("Password", terminal, () => {}), undefined);
  assertEquals(terminal.modes, []);
});
