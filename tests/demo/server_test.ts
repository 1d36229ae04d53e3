import { assert, assertEquals, assertMatch } from "@std/assert";
import { Database } from "../directus/stand_in/database.ts";
import { Entries } from "./entries.ts";
import { createDemoDirectus, createDemoHandler, type DemoInfo } from "./server.ts";

const BASE = "http://localhost:8070";

const info: DemoInfo = {
  livePort: 8080,
  race: "event:42",
  practice: "event:43",
  ballast: "event:44",
  practiceReaders: [],
  users: [],
  outline: [],
};

function handler(known: () => DemoInfo | undefined = () => info) {
  const database = new Database();
  new Entries(database, ["Albatross", "Bittern"], () => 0.5);
  return createDemoHandler({ directus: createDemoDirectus(database), info: known });
}

/** Logs in below a path. Returns the response's cookie. */
async function logIn(
  handle: ReturnType<typeof handler>,
  email: string,
  path = "",
): Promise<string> {
  const login = await handle(
    new Request(`${BASE}${path}/auth/login`, {
      method: "POST",
      body: JSON.stringify({ email, password: "demo", mode: "session" }),
    }),
  );
  return login.headers.get("set-cookie") ?? "";
}

for (
  const [path, type] of [
    ["/", "text/html; charset=utf-8"],
    ["/page.css", "text/css; charset=utf-8"],
    ["/tables.css", "text/css; charset=utf-8"],
    ["/panels.css", "text/css; charset=utf-8"],
    ["/widths.css", "text/css; charset=utf-8"],
    ["/page.js", "text/javascript; charset=utf-8"],
    ["/panel.js", "text/javascript; charset=utf-8"],
    ["/track.js", "text/javascript; charset=utf-8"],
    ["/frames.js", "text/javascript; charset=utf-8"],
    ["/inspector.js", "text/javascript; charset=utf-8"],
    ["/entries.js", "text/javascript; charset=utf-8"],
    ["/line.js", "text/javascript; charset=utf-8"],
    ["/plot.js", "text/javascript; charset=utf-8"],
    ["/session.js", "text/javascript; charset=utf-8"],
    ["/icon.svg", "image/svg+xml"],
  ] as const
) {
  Deno.test(`createDemoHandler() serves ${path}`, async () => {
    const handle = handler();
    const response = await handle(new Request(BASE + path));
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), type);
    assert((await response.text()).length > 100);
  });
}

Deno.test("createDemoHandler() allows the page the live port of its own host", async () => {
  const handle = handler();
  const response = await handle(new Request("http://127.0.0.1:8070/"));
  await response.body?.cancel();
  assertMatch(
    response.headers.get("content-security-policy") ?? "",
    /^default-src 'self'; script-src 'self' http:\/\/127\.0\.0\.1:8080; connect-src 'self' ws:\/\/127\.0\.0\.1:8080; /,
  );
});

Deno.test("createDemoHandler() serves /demo.json once the live server is up", async () => {
  let known: DemoInfo | undefined = undefined;
  const handle = handler(() => known);
  assertEquals((await handle(new Request(`${BASE}/demo.json`))).status, 503);
  known = info;
  assertEquals(await (await handle(new Request(`${BASE}/demo.json`))).json(), info);
});

for (
  const [email, id, status] of [
    ["ada@example.com", 42, 200],
    ["ada@example.com", 43, 403],
    ["grace@example.com", 42, 200],
    ["grace@example.com", 43, 200],
  ] as const
) {
  Deno.test(`createDemoHandler() answers ${status} to ${email} for event ${id}`, async () => {
    const handle = handler();
    const [cookie = ""] = (await logIn(handle, email)).split(";", 1);
    const response = await handle(
      new Request(`${BASE}/items/events/${id}?fields=id`, { headers: { cookie } }),
    );
    assertEquals(response.status, status);
  });
}

for (
  const [email, fields] of [
    ["ada@example.com", ["id", "name", "status", "stops"]],
    ["grace@example.com", ["id", "name", "status", "stops", "fuel"]],
  ] as const
) {
  Deno.test(`createDemoHandler() shows ${email} ${fields.length} fields of entries`, async () => {
    const handle = handler();
    const [cookie = ""] = (await logIn(handle, email)).split(";", 1);
    const response = await handle(
      new Request(`${BASE}/items/entries`, {
        method: "SEARCH",
        headers: { cookie },
        body: '{"query":{"fields":["*"]}}',
      }),
    );
    const { data } = await response.json();
    assertEquals(data.map(Object.keys), [fields, fields]);
  });
}

Deno.test("createDemoHandler() keeps a colleague's session beside the page's own", async () => {
  const cookie = await logIn(handler(), "grace@example.com", "/colleague");
  assertMatch(cookie, /; Path=\/colleague;/);
});

Deno.test("createDemoHandler() serves no other file of the folder", async () => {
  const handle = handler();
  for (const path of ["/server.ts", "/main.ts", "/%2e%2e/directus/users.ts", "/nothing"]) {
    assertEquals((await handle(new Request(BASE + path))).status, 404);
  }
});
