/**
 * Bounded reading of text from another party.
 *
 * @module
 */

/**
 * Reads a body as text, unless it is too large: an endless body must not fill the memory.
 *
 * @param body The body; it is cancelled once it exceeds the limit.
 * @param maxBytes The limit, in bytes.
 * @param decoder Decodes the bytes; with `fatal` it rejects bytes that are not text.
 * @returns The text; `undefined` if the body is too large.
 * @throws What the body or the decoder throws.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readBoundedText } from "./bounded_text.ts";
 *
 * const { body } = new Response("text");
 * assertEquals(await readBoundedText(body, 3, new TextDecoder()), undefined);
 * ```
 */
export async function readBoundedText(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  decoder: TextDecoder,
): Promise<string | undefined> {
  let text = "";
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined; // leaving the loop cancels the body
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
