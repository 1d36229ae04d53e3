/**
 * The inspector: subscriptions to any topic, for developers.
 *
 * @module
 */

/** Lists subscriptions, each with a button to end it. */
export class Inspector {
  #list;
  #subscribe;
  #topics = new Map();

  /**
   * Fills a list.
   *
   * @param {HTMLElement} list The list.
   * @param {(topic: string, onEnd: () => void) => { unsubscribe(): void }} subscribe Subscribes.
   */
  constructor(list, subscribe) {
    this.#list = list;
    this.#subscribe = subscribe;
  }

  /** Subscribes to a topic, once. */
  add(topic) {
    if (this.#topics.has(topic)) return;
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Unsubscribe";
    button.setAttribute("aria-label", `Unsubscribe from ${topic}`);
    item.append(Object.assign(document.createElement("code"), { textContent: topic }), button);
    const remove = () => {
      this.#topics.delete(topic);
      item.remove();
    };
    this.#topics.set(topic, item);
    this.#list.append(item);
    const subscription = this.#subscribe(topic, remove);
    button.addEventListener("click", () => subscription.unsubscribe());
  }

  /** Empties the list. */
  clear() {
    this.#topics.clear();
    this.#list.replaceChildren();
  }
}
