/**
 * How an app with Directus's SDK is served without a session, and what becomes of it with one.
 *
 * @module
 */

import { Recorder, restOf } from "./recorder.js";

const is = (event, uid) => (frame) => frame.event === event && frame.uid === uid;
const isAuth = (status, code) => (frame) =>
  frame.type === "auth" && frame.status === status && frame.error?.code === code;
const isError = (frame) => frame.status === "error";

/**
 * Runs the script.
 *
 * @param sdk The module `@directus/sdk`.
 * @param options `directus`: URL of Directus; `live`: URL of the server under test; `adminToken`, `token`:
 * static tokens; `email`, `password`: a user.
 * @returns The frames of each step.
 */
export async function run(sdk, { directus, live, adminToken, token, email, password }) {
  const recorder = new Recorder();
  const admin = restOf(directus, adminToken);
  const client = sdk.createDirectus(live, { globals: { WebSocket: recorder.socket() } })
    .with(sdk.realtime({ authMode: "public", reconnect: false }));
  const step = (name, act) => recorder.step(name, act);
  const seen = (matches) => recorder.seen(matches);
  const send = (message) => client.sendMessage({ collection: "tasks", ...message });
  const query = { fields: ["id", "title"], sort: ["id"] };
  let shown;
  let hidden;

  async function listen(uid) {
    const { subscription, unsubscribe } = await client.subscribe("tasks", { query, uid });
    (async () => {
      try {
        for await (const _ of subscription) { /* what matters are the frames */ }
      } catch { /* the SDK ends all subscriptions at the first error */ }
    })();
    await seen(is("init", uid));
    return async () => {
      unsubscribe();
      await seen(is("unsubscribe", uid));
    };
  }

  await step("connect, and ask whether the server is alive", async () => {
    await client.connect();
    send({ type: "ping", uid: "first" });
    await seen((frame) => frame.type === "pong");
  });
  let leave;
  await step("subscribe to what the public may read in part", async () => {
    leave = await listen("list");
  });
  await step("create a row that the public may not see, and one that it may", async () => {
    hidden = (await admin("POST", "/items/tasks", { title: "hidden", status: "done" })).id;
    shown = (await admin("POST", "/items/tasks", { title: "shown", status: "open" })).id;
    await seen(is("create", "list"));
  });
  await step("update both", async () => {
    await admin("PATCH", `/items/tasks/${hidden}`, { title: "still hidden" });
    await admin("PATCH", `/items/tasks/${shown}`, { title: "still shown" });
    await seen(is("update", "list"));
  });
  await step("delete the row that was shown", async () => {
    await admin("DELETE", `/items/tasks/${shown}`);
    await seen(is("delete", "list"));
  });
  for (
    const [name, message] of [
      ["a collection that the public may not read", { collection: "secrets" }],
      ["a field that the public may not read", { query: { fields: ["note"] } }],
      ["an item that the public may not see", { item: () => hidden }],
    ]
  ) {
    await step(`subscribe to ${name}`, async () => {
      const { item } = message;
      send({ type: "subscribe", uid: "refused", ...message, ...item && { item: item() } });
      await seen(isError);
    });
  }
  await step("log in, without subscriptions, and subscribe again", async () => {
    await leave();
    send({ type: "auth", access_token: token, uid: "in" });
    await seen(isAuth("ok"));
    leave = await listen("more");
    await leave();
  });
  await step("present a bad token, and go on", async () => {
    send({ type: "auth", access_token: "bad", uid: "out" });
    await seen(isAuth("error", "AUTH_FAILED"));
    send({ type: "ping", uid: "second" });
    await seen((frame) => frame.type === "pong");
  });
  await step("let a token expire, after which the SDK closes", async () => {
    const auth = sdk.createDirectus(directus).with(sdk.authentication("json"));
    await auth.login({ email, password });
    auth.stopRefreshing();
    send({ type: "auth", access_token: await auth.getToken(), uid: "short" });
    await seen(isAuth("ok"));
    await seen(isAuth("error", "TOKEN_EXPIRED"));
    await seen(({ type }) => type === "closed");
  });
  return { steps: recorder.steps };
}
