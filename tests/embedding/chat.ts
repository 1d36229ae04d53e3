/**
 * An example of embedding: a chat with its own users, sessions and rights, on one port.
 *
 * Live asks the chat's authority who a session cookie belongs to and which rooms that user may read.
 * Members of a room get its messages at once; `room:lobby` is the topic of the room `lobby`.
 *
 * @module
 */

import { type Authority, createLive, type Live, type User } from "@live/server";

/** A row of the chat's user table. */
export interface Account {
  /** What only the user's own page gets in `welcome`. */
  readonly user: User;
  /** The rooms that the user is a member of. */
  readonly rooms: Set<string>;
}

/** A chat. It serves clients once `live` is started. */
export interface Chat {
  /** The embedded server. It opens no port: the chat's own server passes requests to it. */
  readonly live: Live;
  /** Answers every request: the chat's own, and those of live clients. */
  handle(request: Request, info: Deno.ServeHandlerInfo): Promise<Response>;
  /** Creates a session; returns its cookie, which the browser sends with every request. */
  logIn(account: Account): string;
  /** Takes a user out of a room; their subscription to it ends at once. */
  expel(account: Account, room: string): Promise<void>;
}

/** Creates a chat for pages of one origin. */
export function createChat(origin: string): Chat {
  const sessions = new Map<string, Account>();

  function accountOf(cookieHeader: string | null | undefined): Account | undefined {
    const [, id = ""] = /(?:^|; )session=([^;]+)/.exec(cookieHeader ?? "") ?? [];
    return sessions.get(id);
  }

  const authority: Authority = {
    // deno-lint-ignore require-await -- a database would be asked here
    async authenticate(credential) {
      const account = accountOf(credential.requestHeader()?.[1]);
      return account === undefined
        ? { kind: "unauthorized" }
        : { kind: "authenticated", user: account.user };
    },
    // deno-lint-ignore require-await -- and here
    async authorise(credential, { prefix, id }) {
      const account = accountOf(credential.requestHeader()?.[1]);
      if (account === undefined) return { kind: "unauthorized" };
      return { kind: prefix === "room" && account.rooms.has(id) ? "allowed" : "forbidden" };
    },
  };
  const live = createLive({
    authority,
    cookieName: "session",
    allowedOrigins: new Set([origin]),
    transport: "none",
  });

  /** `POST /rooms/<room>` with a text publishes it to the members of the room. */
  async function post(request: Request, room: string): Promise<Response> {
    const account = accountOf(request.headers.get("cookie"));
    if (!account?.rooms.has(room)) return new Response(null, { status: 403 });
    const data = { from: account.user.first_name, text: await request.text() };
    await live.publish([{ topic: `room:${room}`, data }]);
    return new Response(null, { status: 204 });
  }

  return {
    live,
    async handle(request, info) {
      const [, room] = /^\/rooms\/(\w+)$/.exec(new URL(request.url).pathname) ?? [];
      if (request.method === "POST" && room !== undefined) return await post(request, room);
      return await live.handler(request, info) ?? new Response(null, { status: 404 });
    },
    logIn(account) {
      const id = crypto.randomUUID();
      sessions.set(id, account);
      return `session=${id}`;
    },
    async expel(account, room) {
      account.rooms.delete(room);
      await live.revoke({ topic: `room:${room}` });
    },
  };
}
