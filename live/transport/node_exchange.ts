/**
 * Requests and answers of node:http as those of the web.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Incoming } from "./transport.ts";

/** Stands for the Host in a request's URL, as what a client sends there may make it no URL. */
const ORIGIN = "http://live.invalid";

/**
 * Returns a request as the live listener takes it. Its body stays where it is, as no route of that
 * listener reads one.
 *
 * @param message The request.
 * @param outgoing What it is answered with.
 * @throws {TypeError} If the web knows no such request.
 */
export function incomingOf(message: IncomingMessage, outgoing: ServerResponse): Incoming {
  const { socket, method = "GET", url = "/" } = message;
  const left = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  outgoing.once("close", () => {
    left.abort();
    resolve();
  });
  return {
    request: new Request(url.startsWith("/") ? ORIGIN + url : url, {
      method,
      headers: headersOf(message),
      signal: left.signal,
    }),
    remoteAddress: socket.remoteAddress ?? "local",
    completed: promise,
    terminate: () => socket.destroy(),
  };
}

/** Sends an answer, no faster than the client takes it; resolves once that is done. Never rejects. */
export async function respond(outgoing: ServerResponse, answer: Response): Promise<void> {
  try {
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body === null) outgoing.end();
    else await pipeline(answer.body, outgoing);
  } catch {
    outgoing.destroy(); // the client has left, and the body was cancelled
  }
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  return headers;
}
