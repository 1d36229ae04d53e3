/**
 * What the tests of HOSTS.md do in a tab.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { says } from "../demo/browser_setup.ts";
import { PASSWORD } from "../directus/contract_setup.ts";
import type { Layout } from "../support/hosts_page.ts";
import type { Page, Tab } from "./hosts_setup.ts";

declare const document: Page;

/** Logs in with the form, which the page shows to visitors without a session. */
export async function logIn({ page }: Tab): Promise<void> {
  await page.fill("#login [name=email]", "ada@example.com");
  await page.fill("#login [name=password]", PASSWORD);
  await page.click("#login button");
}

/** Logs in; resolves once Directus has let the user in and the server has not. */
export async function logInInVain(tab: Tab): Promise<void> {
  const login = tab.page.waitForResponse("**/auth/login");
  const socket = tab.page.waitForEvent("websocket"); // the one after the login
  await logIn(tab);
  assertEquals((await login).status(), 200);
  const connection = await socket;
  if (!connection.isClosed()) await connection.waitForEvent("close");
  await says(tab.page, "#state", /^Log in/);
}

/** Resolves once the list has exactly these titles. */
export async function lists({ page }: Tab, titles: readonly string[]): Promise<void> {
  await page.waitForFunction(
    (titles: string) =>
      [...document.querySelectorAll("#events li")].map(({ textContent }) => textContent)
        .join() === titles,
    titles.join(),
  );
}

/** Renews the session as the client does, so that the server has to take another cookie. */
export async function refresh({ page }: Tab, { script }: Layout): Promise<boolean> {
  const [, client = ""] = /from "(.*)"/.exec(script) ?? [];
  const [, directus = ""] = /DIRECTUS = "(.*)"/.exec(script) ?? [];
  return await page.evaluate(
    async ([client, directus]: [string, string]) =>
      await (await import(client)).refreshAt(directus)(),
    [client, directus],
  );
}

/** Logs in without a cookie; resolves to what the server first says in an event stream and a socket. */
export async function firstWordsToToken({ page }: Tab, { directus }: Layout): Promise<string[]> {
  const user = { email: "ada@example.com", password: PASSWORD, mode: "json" };
  return await page.evaluate(
    async ([login, user, host]: [string, string, string]) => {
      const headers = { "content-type": "application/json" };
      const { data } = await (await fetch(login, { method: "POST", headers, body: user })).json();
      const authorization = `Bearer ${data.access_token}`;
      const url = `https://${host}/sse?topic=events:1`;
      const { body } = await fetch(url, { headers: { authorization } });
      const { value } = await body?.pipeThrough(new TextDecoderStream()).getReader().read() ?? {};
      const socket = new WebSocket(`wss://${host}/websocket`);
      socket.onopen = () =>
        socket.send(JSON.stringify({ type: "auth", access_token: data.access_token }));
      return [
        value,
        await new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data)),
      ];
    },
    [`${directus["PUBLIC_URL"]}/auth/login`, JSON.stringify(user), "live.example.com"],
  );
}

/** Tells whether the path for Directus's SDK leads to the server: Directus's own socket is off. */
export async function opensSocket({ page }: Tab, layout: Layout): Promise<boolean> {
  return await page.evaluate(
    (url: string) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
      }),
    `wss://${hostOf(layout)}/websocket`,
  );
}

/** Returns the host of a layout's live server. */
function hostOf({ script }: Layout): string {
  return /LIVE = "wss:\/\/([^/"]+)/.exec(script)?.[1] ?? "";
}

/** Resolves to the type of the first message of an event stream. */
export async function firstEvent({ page }: Tab, layout: Layout): Promise<string> {
  return await page.evaluate(
    (url: string) =>
      new Promise((resolve) => {
        const source = new EventSource(url, { withCredentials: true });
        source.onmessage = ({ data }) => resolve(JSON.parse(data).type);
        source.onerror = () => resolve("error");
      }),
    `https://${hostOf(layout)}/sse?topic=events:1`,
  );
}
