/**
 * Requests and upgrades of the transport `ws`.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { Buffer } from "node:buffer";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
// @ts-types="./ws.d.ts"
import { WebSocketServer } from "ws";
import { createFrameEncoder } from "./frame_encoder.ts";
import { nodeIncoming, respond } from "./node_exchange.ts";
import { emptyResponse } from "./responses.ts";
import {
  type Answer,
  type Incoming,
  LISTENER_NAME,
  type TransportOptions,
  type Upgrade,
} from "./transport.ts";
import { attach } from "./ws_socket.ts";

/**
 * How much a client may send before its upgrade is answered, in bytes. A well-behaved client sends nothing,
 * so more than this is an attempt to fill the memory.
 */
const MAX_EARLY_BYTES = 65_536;

/** Handlers for the events of a node:http server. They never reject. */
export interface Exchange {
  /** Answers a plain request. */
  onRequest(message: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** Answers a request with an `Upgrade` header of any protocol. */
  onUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

/** Creates the handlers of a server. */
export function createExchange({ handle, logger, ...options }: TransportOptions): Exchange {
  const encode = createFrameEncoder();
  const limits = { maxPayload: options.maxMessageBytes, closeTimeout: options.closeTimeoutMs };
  const webSockets = new WebSocketServer({
    ...limits,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
  });

  async function answerTo(message: IncomingMessage, outgoing: ServerResponse): Promise<Answer> {
    let incoming: Incoming;
    try {
      incoming = nodeIncoming(message, outgoing);
    } catch {
      return emptyResponse(STATUS_CODE.BadRequest); // a method or URL that `Request` does not allow
    }
    try {
      return await handle(incoming);
    } catch (error) {
      logger.error("request failed", { listener: LISTENER_NAME, error });
      return emptyResponse(STATUS_CODE.InternalServerError);
    }
  }

  function upgrade(message: IncomingMessage, socket: Duplex, head: Buffer, answer: Upgrade): void {
    // The live server has checked the handshake. `ws` is stricter about the Upgrade header, and
    // would agree to a sub-protocol.
    message.headers.upgrade = "websocket";
    delete message.headers["sec-websocket-protocol"];
    let opened = false;
    webSockets.handleUpgrade(message, socket, head, (ws) => {
      opened = true;
      attach(ws, answer, encode, options.pingIntervalMs);
    });
    if (!opened) answer.abandon();
  }

  return {
    async onRequest(message, outgoing) {
      const answer = await answerTo(message, outgoing);
      if (answer instanceof Response) return await respond(outgoing, answer);
      answer.abandon(); // node:http did not treat it as an upgrade
      await respond(outgoing, emptyResponse(STATUS_CODE.BadRequest));
    },
    async onUpgrade(message, socket, head) {
      socket.on("error", () => {}); // the close event follows
      const takeEarly = keepEarly(socket, head);
      const outgoing = new ServerResponse(message);
      outgoing.assignSocket(socket as Socket);
      const leave = () => outgoing.destroy();
      socket.once("end", leave);
      const answer = await answerTo(message, outgoing);
      if (answer instanceof Response) {
        await respond(outgoing, answer);
        socket.destroy();
      } else {
        socket.off("end", leave);
        outgoing.detachSocket(socket as Socket);
        upgrade(message, socket, takeEarly(), answer);
      }
    },
  };
}

/** Keeps what arrives before an upgrade is answered. Returns the function that takes it. */
function keepEarly(socket: Duplex, head: Buffer): () => Buffer {
  const chunks = [head];
  let size = head.length;
  const keep = (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_EARLY_BYTES) socket.destroy();
  };
  socket.on("data", keep);
  return () => {
    socket.off("data", keep);
    return Buffer.concat(chunks);
  };
}
