import { createLive } from "@live/client/vue";

/** The types of Directus's collections. */
interface Schema {
  entries: { id: number; title: string; status: string }[];
}

/** The payloads of topics, by prefix. */
interface Payloads {
  event: { x: number };
}

declare module "@live/client/vue" {
  interface Register {
    schema: Schema;
    payloads: Payloads;
  }
}

/** Where the live server is; a server that renders the page does not connect. */
const address = new URLSearchParams(globalThis.location?.search).get("live");

export const live = createLive(address ?? "ws://127.0.0.1:8080");
