/**
 * What the transport `ws` does with each request.
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
import { incomingOf, respond } from "./node_exchange.ts";
import { emptyResponse } from "./responses.ts";
import {
  type Answer,
  type Incoming,
  LISTENER_NAME,
  type TransportOptions,
  type Upgrade,
} from "./transport.ts";
import { attach, createEncoder } from "./ws_socket.ts";

/** What a client may send before its upgrade is answered, in bytes; it should send nothing. */
const MAX_EARLY_BYTES = 65_536;

/** Takes what node:http hands over. Neither verb rejects. */
export interface Exchange {
  /** Answers a plain request. */
  onRequest(message: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** Answers a request for an upgrade, to whatever. */
  onUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

/** Creates what answers requests. */
export function createExchange({ handle, logger, ...options }: TransportOptions): Exchange {
  const encode = createEncoder();
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
      incoming = incomingOf(message, outgoing);
    } catch {
      return emptyResponse(STATUS_CODE.BadRequest); // a method or a URL that the web does not know
    }
    try {
      return await handle(incoming);
    } catch (error) {
      logger.error("request failed", { listener: LISTENER_NAME, error });
      return emptyResponse(STATUS_CODE.InternalServerError);
    }
  }

  function upgrade(message: IncomingMessage, socket: Duplex, head: Buffer, answer: Upgrade): void {
    // It was checked before: there may be other tokens, and no sub-protocol is agreed to.
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
      answer.abandon(); // node:http saw no upgrade in it
      await respond(outgoing, emptyResponse(STATUS_CODE.BadRequest));
    },
    async onUpgrade(message, socket, head) {
      socket.on("error", () => {}); // told by the close event that follows
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

/** Keeps what arrives before an upgrade is answered, until what it returns takes it. */
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
