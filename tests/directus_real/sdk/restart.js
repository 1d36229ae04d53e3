/**
 * What an app with Directus's SDK gets when the server restarts: if its first attempt to come back waits
 * until the server is there, and if that attempt is refused.
 *
 * @module
 */

import { Recorder, restOf } from "./recorder.js";

const is = (event) => (frame) => frame.event === event;
const sawLoop = (event) => (frame) => frame.loop === event;
const isOf = (type) => (frame) => frame.type === type;

/** One client of the SDK with a subscription, and a loop that reads it. */
class App {
  recorder = new Recorder();
  /** What is not noted a second time. */
  noted = new Set();
  #sdk;
  #options;
  title;
  #attempts = 0;

  /** Its subscription is to rows with this title. `mayConnect` is called with the number of each attempt. */
  constructor(sdk, options, title, mayConnect) {
    this.#sdk = sdk;
    this.#options = { ...options, mayConnect };
    this.title = title;
  }

  async start() {
    const { live, token, mayConnect } = this.#options;
    const getToken = async () => {
      await mayConnect(++this.#attempts);
      return token;
    };
    const globals = { WebSocket: this.recorder.socket(undefined, false) };
    const client = this.#sdk.createDirectus(live, { globals }).with(() => ({ getToken }))
      .with(this.#sdk.realtime({ authMode: "strict" }));
    client.onWebSocket("error", () => this.noteOnce({ type: "refused" }));
    await client.connect();
    const { subscription } = await client.subscribe("tasks", {
      query: { fields: ["title"], filter: { title: { _eq: this.title } } },
      uid: "list",
    });
    this.#read(subscription);
    await this.recorder.seen(sawLoop("init"));
  }

  /** Notes what the loop sees: of two equal messages in a row it may miss one. */
  async #read(subscription) {
    for await (const { event } of subscription) this.noteOnce({ loop: event });
    this.noteOnce({ loop: "end" });
  }

  noteOnce(what) {
    const text = JSON.stringify(what);
    if (this.noted.has(text)) return;
    this.noted.add(text);
    this.recorder.note(what);
  }
}

/**
 * Runs the script.
 *
 * @param sdk The module `@directus/sdk`.
 * @param options `directus`: URL of Directus; `live`: URL of the server under test; `adminToken`, `token`:
 * static tokens; `control`: URL that stops the server and starts it again.
 * @returns What happened in each step, for each of the two apps.
 */
export async function run(sdk, options) {
  const { directus, adminToken, control } = options;
  const isBrowser = "document" in globalThis;
  const admin = restOf(directus, adminToken);
  let letConnect;
  const isBack = new Promise((resolve) => letConnect = resolve);
  const runtime = isBrowser ? "browser" : "node";
  const waiting = new App(sdk, options, `waiting ${runtime}`, (n) => n === 1 ? undefined : isBack);
  const refused = new App(sdk, options, `refused ${runtime}`, (n) => n <= 2 ? undefined : isBack);
  globalThis.process?.on("uncaughtException", (error) => {
    if (!(error instanceof RangeError)) throw error;
    refused.noteOnce({ type: error.name });
  });
  const steps = [];
  async function step(name, act) {
    await act();
    for (const [title, { recorder }] of [["waiting", waiting], ["refused", refused]]) {
      steps.push({ name: `${title}: ${name}`, frames: recorder.frames.splice(0) });
    }
  }

  await step("subscribe", () => Promise.all([waiting.start(), refused.start()]));
  await step("the server stops", async () => {
    for (const { noted } of [waiting, refused]) noted.clear();
    await fetch(`${control}/stop`);
    await waiting.recorder.seen(isOf("closed"));
    await refused.recorder.seen(isOf("refused"));
    await refused.recorder.seen(sawLoop("end"));
    if (isBrowser) await refused.recorder.seen(isOf("closed"), 2);
    else await refused.recorder.seen(isOf("RangeError"));
  });
  await step("the server is back", async () => {
    await fetch(`${control}/start`);
    letConnect();
    await waiting.recorder.seen(is("init"), 2);
    await waiting.recorder.seen(sawLoop("init"));
    if (isBrowser) await refused.recorder.seen(is("init"));
  });
  await step("a row is created", async () => {
    for (const { title } of [refused, waiting]) await admin("POST", "/items/tasks", { title });
    await waiting.recorder.seen(sawLoop("create"));
    if (isBrowser) await refused.recorder.seen(is("create"));
  });
  return { steps };
}
