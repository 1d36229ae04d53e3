/**
 * Requests and responses of node:http, converted from and to those of the web.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Incoming } from "./transport.ts";

/** Replaces the Host in a request's URL, because a client's Host may not form a valid URL. */
const ORIGIN = "http://live.invalid";

/**
 * Returns a request of node:http in the form that the live server takes. Its body is left out, because no
 * route of the live listener reads one.
 *
 * @param message The request.
 * @param outgoing Its response.
 * @throws {TypeError} If `Request` does not allow the method or the URL.
 */
export function nodeIncoming(message: IncomingMessage, outgoing: ServerResponse): Incoming {
  const { socket, method = "GET", url = "/" } = message;
  const disconnect = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  outgoing.once("close", () => {
    disconnect.abort();
    resolve();
  });
  return {
    request: new Request(url.startsWith("/") ? ORIGIN + url : url, {
      method,
      headers: headersOf(message),
      signal: disconnect.signal,
    }),
    remoteAddress: socket.remoteAddress ?? "local",
    completed: promise,
    terminate: () => socket.destroy(),
  };
}

/** Sends a response, no faster than the client reads it; resolves once it was sent. Never rejects. */
export async function respond(outgoing: ServerResponse, answer: Response): Promise<void> {
  try {
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body === null) outgoing.end();
    else await pipeline(answer.body, outgoing);
  } catch {
    outgoing.destroy(); // the client has disconnected, and the body was cancelled
  }
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  const cookies: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (name.toLowerCase() === "cookie") cookies.push(value);
    else headers.append(name, value);
  }
  // `append` would join them with commas, which may be part of a value (RFC 9113, section 8.2.3).
  if (cookies.length > 0) headers.set("cookie", cookies.join("; "));
  return headers;
}
