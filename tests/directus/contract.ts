/**
 * What the server and its pages rely on in Directus. The real one and the stand-in must both fulfil
 * it, so that the stand-in cannot drift away from the real one.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import {
  ada,
  bob,
  cookieSetBy,
  logIn,
  ME,
  post,
  refreshed,
  type Row,
  type Subject,
  verdict,
} from "./contract_setup.ts";
import { bearerRows } from "./bearers_contract.ts";
import { itemRows } from "./items_contract.ts";
import { loginRows } from "./logins_contract.ts";
import { sessionRows } from "./sessions_contract.ts";
import { VIEW_ITEMS, viewGrants, viewRows } from "./views_contract.ts";

const rows: readonly Row[] = [
  ...loginRows,
  ...sessionRows,
  ...bearerRows,
  ...itemRows,
  ...viewRows,
];

/** Registers the tests of one Directus. */
export function directusContract(what: string, start: () => Promise<Subject> | Subject): void {
  for (const row of rows) {
    const { name, cookie, authorization, path, method = "GET", body, answer, data, sets } = row;
    Deno.test(`${what} responds ${answer} to ${method} ${path} with ${name}`, async () => {
      const subject = await start();
      const headers = new Headers();
      const pair = await cookie?.(subject);
      if (pair !== undefined) headers.set("cookie", pair);
      const bearer = await authorization?.(subject);
      if (bearer !== undefined) headers.set("authorization", bearer);
      if (body !== undefined) headers.set("content-type", "application/json");

      const response = await subject.fetch(path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });

      const copy = response.clone();
      assertEquals(await verdict(response), answer);
      const text = await copy.text();
      if (data !== undefined) assertEquals(JSON.parse(text).data, data);
      if (sets !== undefined) assertEquals(cookieSetBy(response), sets);
    });
  }

  for (const [reader, grants] of Object.entries(viewGrants)) {
    Deno.test(`${what} says what a reader with the rights ${reader} may read`, async () => {
      const subject = await start();
      const headers = { cookie: await logIn(subject, reader) };
      const { data } = await (await subject.fetch("/permissions/me", { headers })).json();
      const shown = Object.keys(VIEW_ITEMS).filter((name) => data[name]?.read?.access !== undefined)
        .filter((name) => data[name].read.access !== "none")
        .map((name) => {
          const { access, fields } = data[name].read;
          return [name, { access, fields: fields.toSorted() }];
        });
      assertEquals(Object.fromEntries(shown), grants);
    });
  }

  Deno.test(`${what} shows a share's session no id`, async () => {
    const subject = await start();
    const data = await meOf(subject, await subject.share(), "id,email");
    assertEquals(Object.keys(data), ["share"]);
  });

  Deno.test(`${what} shows only the id to a user who may not read users`, async () => {
    const subject = await start();
    const data = await meOf(subject, await bob(subject), "id,email,role,first_name,last_name");
    assertEquals(Object.keys(data), ["id"]);
  });

  Deno.test(`${what} shows the requested fields to a user who may read users, the role as its key`, async () => {
    const subject = await start();
    const data = await meOf(subject, await ada(subject), "id,email,role,first_name,last_name");
    assertEquals([typeof data["id"], typeof data["role"]], ["string", "string"]);
    const { id: _id, role: _role, ...rest } = data;
    assertEquals(rest, { email: "ada@example.com", first_name: "Ada", last_name: null });
  });

  Deno.test(`${what} shows the role as an object if its fields are requested`, async () => {
    const subject = await start();
    const { role } = await meOf(subject, await ada(subject), "role.*");
    assertEquals(typeof (role as { id?: unknown }).id, "string");
  });

  Deno.test(`${what} gives one session for two refreshes of a cookie`, async () => {
    const subject = await start();
    const old = await ada(subject);
    const [first, second] = [await refreshed(subject, old), await refreshed(subject, old)];
    assertEquals(sessionOf(first), sessionOf(second));
    assertNotEquals(sessionOf(first), sessionOf(old));
  });

  Deno.test(`${what} gives each login a session of its own`, async () => {
    const subject = await start();
    const [one, other] = [await ada(subject), await ada(subject)];
    const { body } = await post(subject, "/auth/logout", { mode: "session" }, one);
    await body?.cancel();
    const response = await subject.fetch(ME, { headers: { cookie: other } });
    assertEquals(await verdict(response), "200");
  });

  Deno.test(`${what} limits a list to 100 items unless the request says otherwise`, async () => {
    const subject = await start();
    const headers = { cookie: await ada(subject) };
    const count = async (path: string) =>
      (await (await subject.fetch(path, { headers })).json()).data.length;
    assertEquals([await count("/items/many"), await count("/items/many?limit=-1")], [100, 150]);
  });

  Deno.test(`${what} responds to a ping without a session`, async () => {
    const subject = await start();
    assertEquals(await (await subject.fetch("/server/ping")).text(), "pong");
  });

  Deno.test(`${what} does not check the Origin, so the server has to`, async () => {
    const subject = await start();
    const headers = { cookie: await ada(subject), origin: "https://evil.example" };
    assertEquals(await verdict(await subject.fetch(ME, { headers })), "200");
  });
}

async function meOf(
  subject: Subject,
  cookie: string,
  fields: string,
): Promise<Record<string, unknown>> {
  const response = await subject.fetch(`/users/me?fields=${fields}`, { headers: { cookie } });
  assertEquals(response.status, 200);
  return (await response.json()).data;
}

/** Returns the session in a cookie's token. */
function sessionOf(cookie: string): string {
  const [, claims = ""] = cookie.split(".");
  return JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))).session;
}
