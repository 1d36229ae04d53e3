/**
 * The live list of entries, once for the user who is logged in and once for a colleague with other
 * rights: the same query, and what each of them receives.
 *
 * @module
 */

import { createWatchedSocket } from "./frames.js";
import { write } from "./panel.js";
import { logIn, nameOf } from "./session.js";

/** The path of the second session and its connection. */
const COLLEAGUE_PATH = "/colleague";

/** How many messages a side shows. */
const MAX_MESSAGES = 5;

/** How much of a row a message shows, in UTF-16 code units. */
const MAX_TEXT = 110;

const COLUMNS = ["id", "name", "status", "stops", "fuel"];

const FILTERS = {
  all: undefined,
  track: { status: { _eq: "track" } },
  pits: { status: { _eq: "pits" } },
  fuel: { fuel: { _lt: 50 } },
};

/** One user's list. */
class EntryList {
  #element;
  #view;
  #messages = [];
  #received = 0;

  /** Fills a section of the page. */
  constructor(element) {
    this.#element = element;
  }

  /** Whose list it is. */
  set name(name) {
    write(this.#part("h3"), name);
  }

  /** Shows a query's rows, as they come over a connection. */
  show(live, query) {
    this.#view?.unsubscribe();
    this.#messages = [];
    this.#received = 0;
    this.#renderMessages();
    this.#renderRows([]);
    write(this.#part("[role=alert]"), "");
    write(this.#part(".summary"), "Waiting for the rows.");
    this.#view = live.view("entries", query, {
      onChange: (rows) => this.#renderRows(rows),
      onError: ({ code, message }) => {
        write(this.#part("[role=alert]"), `${code}: ${message}`);
        write(this.#part(".summary"), "No rows.");
      },
    });
  }

  /** Takes a message from the server, if it is about a row. */
  took(message) {
    if (!message.topic?.startsWith("view:")) return;
    if (message.type === "subscribed") return message.messages.forEach((row) => this.took(row));
    if (message.type !== "message") return;
    const { key, rank, data, removed } = message;
    const text = removed ? "removed" : `${rank} ${JSON.stringify(data)}`;
    this.#messages.unshift({ key, text });
    this.#messages.length = Math.min(this.#messages.length, MAX_MESSAGES);
    this.#received++;
    this.#renderMessages();
  }

  #renderRows(rows) {
    const fields = COLUMNS.filter((field) => rows.some((row) => field in row));
    write(this.#part(".summary"), `${rows.length} rows with ${fields.join(", ")}.`);
    this.#part("tbody").replaceChildren(...rows.map((row) => {
      const line = document.createElement("tr");
      line.dataset.status = row.status;
      line.append(...COLUMNS.map((field) => {
        const cell = document.createElement(field === "name" ? "th" : "td");
        if (field === "name") cell.scope = "row";
        cell.textContent = row[field] ?? "–";
        if (field === "fuel" && field in row) cell.textContent += " %";
        return cell;
      }));
      return line;
    }));
  }

  #renderMessages() {
    write(this.#part(".received"), `${this.#received} messages received`);
    this.#part("ol").replaceChildren(...this.#messages.map(({ key, text }) => {
      const item = document.createElement("li");
      const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} …` : text;
      item.append(Object.assign(document.createElement("b"), { textContent: key }), ` ${shown}`);
      return item;
    }));
  }

  #part(selector) {
    return this.#element.querySelector(selector);
  }
}

/** Both lists, and the form with their query. */
export class EntryLists {
  #form;
  #own;
  #other;
  #open;
  #live;
  #colleague;

  /** Fills a section of the page. Colleagues connect to a path of their own, with a cookie for it. */
  constructor(section, connect, origin) {
    this.#open = (webSocket) => connect(`${origin}${COLLEAGUE_PATH}`, { webSocket });
    const [own, other] = section.querySelectorAll("article");
    this.#form = section.querySelector("form");
    this.#own = new EntryList(own);
    this.#other = new EntryList(other);
    this.#form.addEventListener("change", () => this.#show());
  }

  /**
   * Shows the lists of both users.
   *
   * @param live The connection of the user who is logged in.
   * @param user That user.
   * @param email The colleague's email.
   */
  async begin(live, user, email) {
    this.end();
    this.#own.name = nameOf(user);
    this.#live = live;
    this.#show();
    if (await logIn(email, "demo", COLLEAGUE_PATH) !== undefined || this.#live !== live) return;
    this.#colleague = this.#open((url) =>
      createWatchedSocket(url, (...frame) => this.#read(frame))
    );
    this.#other.show(this.#colleague, this.#query);
  }

  /** Takes a message that the user who is logged in received. */
  took(message) {
    this.#own.took(message);
  }

  /** Ends the colleague's connection. */
  end() {
    this.#colleague?.close();
    this.#live = this.#colleague = undefined;
  }

  /** Takes a frame of the colleague's connection. */
  #read([direction, text]) {
    if (direction === "out") return;
    for (const message of [JSON.parse(text)].flat()) {
      if (message.type === "welcome") this.#other.name = nameOf(message.user);
      this.#other.took(message);
    }
  }

  get #query() {
    const { filter, sort } = Object.fromEntries(new FormData(this.#form));
    return { filter: FILTERS[filter], sort: sort.split(","), limit: 10 };
  }

  #show() {
    if (this.#live) this.#own.show(this.#live, this.#query);
    if (this.#colleague) this.#other.show(this.#colleague, this.#query);
  }
}
