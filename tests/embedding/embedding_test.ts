/**
 * Tests of a program that embeds the live server, with its own users and rights.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { User } from "@live/server";
import { Client } from "../support/client.ts";
import { type Account, type Chat, createChat } from "./chat.ts";

const ORIGIN = "https://chat.example.com";

function account(id: string, first_name: string, ...rooms: string[]): Account {
  const user: User = { id, email: null, role: null, first_name, last_name: null };
  return { user, rooms: new Set(rooms) };
}

/** A chat on its own port, with two users who are logged in. */
class Setup implements AsyncDisposable {
  readonly chat: Chat = createChat(ORIGIN);
  readonly ada = account("1", "Ada", "lobby", "staff");
  readonly bob = account("2", "Bob", "lobby");
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => this.chat.handle(request, info),
  );

  private constructor() {}

  static async start(): Promise<Setup> {
    const setup = new Setup();
    await setup.chat.live.start();
    return setup;
  }

  get #authority(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  /** Connects a user, and checks that the server greets that user. */
  async connect(account: Account): Promise<Client> {
    const cookie = this.chat.logIn(account);
    const client = await Client.connect(`ws://${this.#authority}/`, { cookie, origin: ORIGIN });
    const { type, user } = await client.next();
    assertEquals([type, user], ["welcome", account.user]);
    return client;
  }

  /** Sends a request to the chat; resolves to the status. */
  async fetch(path: string, init: RequestInit): Promise<number> {
    const response = await fetch(`http://${this.#authority}${path}`, init);
    await response.body?.cancel();
    return response.status;
  }

  /** Posts a text as a user. */
  async post(account: Account, room: string, body: string): Promise<number> {
    const cookie = this.chat.logIn(account);
    return await this.fetch(`/rooms/${room}`, { method: "POST", headers: { cookie }, body });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chat.live.stop(2_000);
    await this.#server.shutdown();
  }
}

Deno.test("an embedded server gives each user what the program allows", async () => {
  await using setup = await Setup.start();
  await using ada = await setup.connect(setup.ada);
  await using bob = await setup.connect(setup.bob);
  for (const client of [ada, bob]) {
    assertEquals((await client.subscribe("room:lobby")).type, "subscribed");
  }
  assertEquals((await ada.subscribe("room:staff")).type, "subscribed");
  assertEquals((await bob.subscribe("room:staff")).code, "forbidden");

  const statuses = [
    await setup.post(setup.ada, "staff", "secret"),
    await setup.post(setup.bob, "staff", "spam"),
    await setup.post(setup.bob, "lobby", "hello"),
  ];

  assertEquals(statuses, [204, 403, 204]);
  const received = async (client: Client) => {
    const { topic, data } = await client.next();
    return [topic, data];
  };
  const hello = ["room:lobby", { from: "Bob", text: "hello" }];
  assertEquals(await received(ada), ["room:staff", { from: "Ada", text: "secret" }]);
  assertEquals(await received(ada), hello);
  assertEquals(await received(bob), hello);
});

Deno.test("an embedded server ends a subscription when the program withdraws the right", async () => {
  await using setup = await Setup.start();
  await using ada = await setup.connect(setup.ada);
  await ada.subscribe("room:staff");

  await setup.chat.expel(setup.ada, "staff");

  const ended = { type: "unsubscribed", topic: "room:staff", reason: "forbidden" };
  assertEquals(await ada.next(), ended);
});

for (
  const [name, headers, status] of [
    ["no session", {}, 401],
    ["an unknown session", { cookie: "session=other" }, 401],
    ["a page of another origin", { cookie: "session=other", origin: "https://evil.example" }, 403],
  ] as const
) {
  Deno.test(`an embedded server refuses ${name} with ${status}`, async () => {
    await using setup = await Setup.start();
    assertEquals(await setup.fetch("/sse?topic=room:lobby", { headers }), status);
  });
}

Deno.test("an embedded server leaves other requests to the program", async () => {
  await using setup = await Setup.start();
  assertEquals(await setup.fetch("/", {}), 404);
  assertEquals(await setup.post(setup.bob, "lobby", "hello"), 204);
});
