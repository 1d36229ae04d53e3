export { turn } from "../support/queue.ts";
export * from "../support/fake_client.ts";
