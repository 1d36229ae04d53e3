/**
 * The dialog that shows a topic, and publishes messages to its subscribers.
 *
 * @module
 */

import { $, element, say, write } from "./dom.js";
import { count, time } from "./format.js";

/** How often the topic is read, in milliseconds. */
const INTERVAL_MS = 1_000;

/** How many messages the page keeps. */
const MAX_MESSAGES = 200;

/** The dialog. It reads the topic while it is open. */
export class TopicDialog {
  #dialog = $("topic");
  #messages = $("topic-messages");
  #latest = $("topic-latest");
  #api;
  #name = "";
  #position;
  #timer;

  constructor() {
    this.#dialog.addEventListener("close", () => clearTimeout(this.#timer));
    $("publish").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#publish();
    });
    $("publish-removed").addEventListener("change", ({ target }) => {
      $("publish-data").disabled = target.checked;
    });
  }

  /** Opens a topic. */
  open(api, name) {
    this.#api = api;
    this.#name = name;
    this.#position = undefined;
    write($("topic-name"), name);
    for (const list of [this.#messages, this.#latest]) list.replaceChildren();
    this.#say("reading…");
    this.#dialog.showModal();
    this.#read();
  }

  /** Closes it, because the token is no longer valid. */
  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  async #read() {
    clearTimeout(this.#timer);
    const name = this.#name;
    try {
      const content = await this.#api.topic({ topic: name, ...this.#position });
      if (name !== this.#name || !this.#dialog.open) return;
      this.#show(content);
    } catch (error) {
      this.#say(`${error.message}; trying again`);
    }
    if (this.#dialog.open) this.#timer = setTimeout(() => this.#read(), INTERVAL_MS);
  }

  #show({ epoch, offset, subscribers, keys, latest, messages }) {
    if (this.#position?.epoch !== epoch) this.#messages.replaceChildren();
    this.#position = { epoch, offset };
    const who = `${count(subscribers)} ${subscribers === 1 ? "subscriber" : "subscribers"}`;
    this.#say(`${who}, offset ${count(offset)}, epoch ${epoch}`);
    if (messages.length > 0) {
      this.#messages.prepend(...messages.map(messageItem));
      while (this.#messages.children.length > MAX_MESSAGES) this.#messages.lastChild.remove();
    }
    write($("topic-messages-none"), this.#messages.hasChildNodes() ? "" : "No messages are held.");
    const more = keys > latest.length ? `, the newest ${count(latest.length)} are shown` : "";
    write(
      $("topic-keys"),
      keys === 0 ? "No keys." : `${count(keys)} ${keys === 1 ? "key" : "keys"}${more}.`,
    );
    this.#latest.replaceChildren(...latest.map(messageItem));
  }

  #say(text) {
    write($("topic-summary"), text);
  }

  async #publish() {
    const removed = $("publish-removed").checked;
    const key = $("publish-key").value;
    try {
      const content = removed ? { removed } : { data: JSON.parse($("publish-data").value) };
      const keyed = key === "" ? {} : { key };
      const { offset } = await this.#api.publish({ topic: this.#name, ...keyed, ...content });
      say(`Published on ${this.#name} at offset ${count(offset)}`);
      this.#read();
    } catch (error) {
      say(
        error instanceof SyntaxError ? `Data must be JSON: ${error.message}` : error.message,
        true,
      );
    }
  }
}

function messageItem({ offset, key, at, json }) {
  return element(
    "li",
    {},
    element(
      "p",
      {},
      element("b", {}, key ?? "event"),
      element("span", {}, `#${count(offset)}, ${time(at)}`),
    ),
    element("code", { className: json === null ? "removed" : "" }, json ?? "removed"),
  );
}
