/**
 * An app that uses Directus's SDK. It runs unmodified with Directus and with the live server, in Node.js
 * and in a browser, and reports what it received.
 *
 * @module
 */

import { Recorder, restOf } from "./recorder.js";

const is = (event, uid) => (frame) => frame.event === event && frame.uid === uid;

/** Whether a message is about a row, whose key may be a number or a text. */
const about = (event, uid, key) => (frame) =>
  is(event, uid)(frame) && [frame.data].flat().some((row) => `${row?.id ?? row}` === `${key}`);

/** How many rows one call changes, of which one message tells. */
const TEN = 10;

/** Counts the rows that messages about an event have. */
const rowsOf = (messages, event, uid) =>
  messages.filter(is(event, uid)).reduce((sum, { data }) => sum + data.length, 0);

const isError = (frame) => frame.status === "error";

/**
 * Runs the script.
 *
 * @param sdk The module `@directus/sdk`.
 * @param options `directus`: URL of Directus; `live`: URL of the server under test; `adminToken`,
 * `token`: static tokens; `rows`: how many rows are created at once.
 * @returns The frames of each step, and how many rows of ten the app's loop saw created, updated and deleted.
 */
export async function run(sdk, { directus, live, adminToken, token, rows }) {
  const recorder = new Recorder();
  const admin = restOf(directus, adminToken);
  const client = sdk.createDirectus(live, { globals: { WebSocket: recorder.socket() } })
    .with(sdk.staticToken(token))
    .with(sdk.realtime());
  const yielded = [];
  const step = (name, act) => recorder.step(name, act);
  const seen = (matches, count) => recorder.seen(matches, count);
  const send = (message) => client.sendMessage({ collection: "tasks", ...message });

  async function listen(options) {
    const { subscription, unsubscribe } = await client.subscribe("tasks", options);
    (async () => {
      try {
        for await (const message of subscription) yielded.push(message);
      } catch { // the SDK ends all subscriptions at the first error
        yielded.push({ event: "thrown" });
      }
    })();
    return unsubscribe;
  }

  const create = async (title, status) =>
    (await admin("POST", "/items/tasks", { title, status })).id;
  const update = (id, values) => admin("PATCH", `/items/tasks/${id}`, values);
  const remove = (id) => admin("DELETE", `/items/tasks/${id}`);

  const query = {
    fields: ["id", "title", "status", "author.name"],
    filter: { status: { _eq: "open" } },
    sort: ["-title"],
    limit: 10,
    deep: { author: { _limit: 1 } },
  };
  let leave;
  let ten;
  let first;
  let second;

  await step("connect", () => client.connect());
  await step("subscribe to a list", async () => {
    leave = await listen({ query, uid: "list" });
    await seen(is("init", "list"));
  });
  await step("create a row that matches", async () => {
    first = await create("new", "open");
    await seen(about("create", "list", first));
  });
  await step("create a row that does not match, and update the first", async () => {
    second = await create("hidden", "done");
    await update(first, { title: "newer" });
    await seen(about("update", "list", first));
  });
  await step("update a row so that it matches", async () => {
    await update(second, { status: "open" });
    await seen(about("update", "list", second));
  });
  await step("update two rows in one call", async () => {
    await admin("PATCH", "/items/tasks", { keys: [first, second], data: { title: "both" } });
    await seen(about("update", "list", first));
    await seen(about("update", "list", second));
  });
  await step("create ten rows in one call", async () => {
    const rows = Array.from({ length: TEN }, () => ({ title: "new", status: "open" }));
    ten = (await admin("POST", "/items/tasks", rows)).map(({ id }) => id);
    await recorder.until(() => rowsOf(recorder.frames, "create", "list") >= TEN);
  });
  await step("update ten rows in one call", async () => {
    await admin("PATCH", "/items/tasks", { keys: ten, data: { title: "ten" } });
    await seen(is("update", "list"));
  });
  await step("delete ten rows in one call", async () => {
    await admin("DELETE", "/items/tasks", ten);
    await seen(is("delete", "list"));
  });
  await step("update a row so that it leaves, and then the other one", async () => {
    await update(second, { status: "done" });
    await update(first, { title: "last" });
    await seen((frame) => frame.data?.[0]?.title === "last");
  });
  await step("update what is not shown, and then what is", async () => {
    await update(first, { note: "x" });
    await update(first, { title: "very last" });
    await seen((frame) => frame.data?.[0]?.title === "very last");
  });
  await step("delete a row", async () => {
    await remove(first);
    await seen(about("delete", "list", first));
  });
  await step("unsubscribe", async () => {
    leave();
    await seen(is("unsubscribe", "list"));
  });
  await step("subscribe to each event", async () => {
    for (const event of ["create", "update", "delete"]) {
      await listen({ event, uid: event });
      await seen(is("init", event));
    }
  });
  await step("create, update and delete a row", async () => {
    const id = await create("short-lived", "open");
    await seen(about("create", "create", id));
    await update(id, { title: "changed" });
    await seen(about("update", "update", id));
    await remove(id);
    await seen(about("delete", "delete", id));
  });
  await step("unsubscribe from each event", async () => {
    for (const uid of ["create", "update", "delete"]) {
      send({ type: "unsubscribe", uid });
      await seen(is("unsubscribe", uid));
    }
  });
  await step("subscribe to an item", async () => {
    send({ type: "subscribe", item: `${second}`, uid: 7, query: { fields: ["id", "title"] } });
    await seen(is("init", "7"));
  });
  await step("update the item", async () => {
    await update(second, { title: "as an item" });
    await seen(is("update", "7"));
  });
  await step("delete the item", async () => {
    await remove(second);
    await seen(is("delete", "7"));
  });
  await step("subscribe twice with one uid", async () => {
    const one = { fields: ["title"], filter: { title: { _eq: "one" } } };
    send({ type: "subscribe", uid: "twice", query: { fields: ["id"] } });
    await seen(is("init", "twice"));
    send({ type: "subscribe", uid: "twice", query: one });
    await seen(is("init", "twice"), 2);
    await create("another", "open");
    await create("one", "open");
    await seen(is("create", "twice"));
  });
  await step("many rows at once", async () => {
    const many = Array.from({ length: rows }, () => ({ title: "one", status: "many" }));
    await admin("POST", "/items/tasks", many);
    await recorder.until(() => rowsOf(recorder.frames, "create", "twice") >= rows);
  });
  await step("ping", async () => {
    send({ type: "ping", uid: "alive" });
    await seen((frame) => frame.type === "pong");
  });
  for (
    const [name, message] of [
      ["a collection that the user may not read", { collection: "secrets" }],
      ["a collection that does not exist", { collection: "nothing" }],
      ["a field that does not exist", { query: { fields: ["nothing"] } }],
      ["an item that does not exist", { item: 987_654 }],
      ["a filter that is not JSON", { query: { filter: "{" } }],
      ["an event that does not exist", { event: "read" }],
    ]
  ) {
    await step(`subscribe to ${name}`, async () => {
      send({ type: "subscribe", uid: "refused", ...message });
      await seen(isError);
    });
  }
  await step("authenticate again, well and badly", async () => {
    send({ type: "auth", access_token: token, uid: "again" });
    await seen((frame) => frame.type === "auth");
    send({ type: "auth", access_token: "bad", uid: "badly" });
    await seen(isError);
    client.disconnect();
    await seen(({ type }) => type === "closed");
  });
  const ofTen = (event) =>
    yielded.filter(is(event, "list")).flatMap(({ data }) => data)
      .filter((row) => ten.includes(Number(row.id ?? row))).length;
  const yieldedOfTen = Object.fromEntries(["create", "update", "delete"].map((e) => [e, ofTen(e)]));
  return { steps: recorder.steps, yieldedOfTen };
}
