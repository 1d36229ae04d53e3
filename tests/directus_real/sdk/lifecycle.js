/**
 * How an app with Directus's SDK connects, stays connected and ends: refusals, expiry, logout.
 *
 * @module
 */

import { Recorder, restOf } from "./recorder.js";

const is = (event) => (frame) => frame.event === event;

/** Resolves to whether it was fulfilled. */
const outcome = (promise) => promise.then(() => "connected", () => "rejected");

/**
 * Runs the script.
 *
 * @param sdk The module `@directus/sdk`.
 * @param options `directus`: URL of Directus; `live`: URL of the server under test; `adminToken`: a static
 * token; `email`, `password`: a user; `endsAtLogout`: whether the server ends a connection then.
 * @returns The frames of each step.
 */
export async function run(sdk, options) {
  const { directus, live, adminToken, email, password, endsAtLogout } = options;
  const recorder = new Recorder();
  const admin = restOf(directus, adminToken);
  const note = (frame) => recorder.note(frame);
  const globals = (more) => ({ globals: { WebSocket: recorder.socket(more) } });
  const url = `${live.replace("http", "ws")}/websocket`;
  const realtime = (config) => sdk.realtime({ reconnect: false, url, ...config });
  const create = (title) => admin("POST", "/items/tasks", { title, status: "open" });

  await recorder.step("a bad token at the upgrade", async () => {
    const client = sdk.createDirectus(live, globals()).with(sdk.staticToken("bad"))
      .with(realtime({ authMode: "strict" }));
    note({ type: await outcome(client.connect()) });
  });
  await recorder.step("a bad token after it", async () => {
    const client = sdk.createDirectus(live, globals()).with(sdk.staticToken("bad"))
      .with(realtime());
    note({ type: await outcome(client.connect()) });
    await recorder.seen(({ type }) => type === "closed");
  });
  await recorder.step("a token in the URL", async () => {
    const client = sdk.createDirectus(live, globals()).with(sdk.staticToken(options.token))
      .with(realtime({ authMode: "strict" }));
    note({ type: await outcome(client.connect()) });
    client.sendMessage({ type: "ping", uid: 1 });
    await recorder.seen(({ type }) => type === "pong");
    client.disconnect();
    await recorder.seen(({ type }) => type === "closed");
  });
  await recorder.step("a token that expires", async () => {
    const auth = sdk.createDirectus(directus).with(sdk.authentication("json"));
    await auth.login({ email, password });
    const fresh = async () => {
      await auth.refresh();
      return await auth.getToken();
    };
    const client = sdk.createDirectus(live, globals()).with(() => ({ getToken: fresh }))
      .with(realtime());
    await client.connect();
    const { subscription } = await client.subscribe("tasks", {
      query: { fields: ["title"], filter: { title: { _eq: "later" } } },
      uid: "later",
    });
    (async () => {
      for await (const _ of subscription) { /* what matters are the frames */ }
    })();
    await recorder.seen(is("init"));
    await recorder.seen(({ error }) => error?.code === "TOKEN_EXPIRED");
    await recorder.seen(({ type, status }) => type === "auth" && status === "ok", 2);
    await create("later");
    await recorder.seen(is("create"));
    client.disconnect();
    await recorder.seen(({ type }) => type === "closed");
    auth.stopRefreshing();
  });
  await recorder.step("a cookie, and a logout", async () => {
    const response = await fetch(`${directus}/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email, password, mode: "session" }),
    });
    const cookie = response.headers.getSetCookie()[0].split(";")[0];
    const client = sdk.createDirectus(live, globals({ headers: { cookie } }))
      .with(realtime({ authMode: "public" }));
    await client.connect();
    const { subscription } = await client.subscribe("tasks", {
      query: { fields: ["title"], filter: { title: { _eq: "logout" } } },
      uid: "logout",
    });
    (async () => {
      for await (const _ of subscription) { /* what matters are the frames */ }
    })();
    await recorder.seen(is("init"));
    await fetch(`${directus}/auth/logout`, {
      method: "POST",
      headers: { cookie, "content-type": "application/json" },
      body: JSON.stringify({ mode: "session" }),
    });
    if (endsAtLogout) await recorder.seen(({ type }) => type === "closed");
    await create("logout");
    if (endsAtLogout) return;
    await recorder.seen(is("create"));
    client.disconnect();
    await recorder.seen(({ type }) => type === "closed");
  });
  return { steps: recorder.steps };
}
