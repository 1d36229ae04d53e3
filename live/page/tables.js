/**
 * Tables that can be used while they are refreshed.
 *
 * @module
 */

import { count } from "./format.js";
import { $, element, write } from "./dom.js";

/** Rows that the server shows at most. */
export const MAX_ROWS = 200;

/**
 * A table whose rows keep their identity: values change in place, and rows neither move nor disappear while
 * the pointer or the focus is on them.
 */
export class LiveTable {
  #columns;
  #keyOf;
  #body;
  #summary;
  #empty;
  #more;
  #rows = new Map();

  /**
   * @param {string} id Id of the section: it contains the table and the element with the class `summary`.
   * @param columns For each column its title, an `order` if the server can sort by it, and `cell`, which
   * fills a cell with a row's value.
   * @param keyOf Returns the identity of a row.
   * @param onOrder Called with the order that was chosen.
   * @param onMore Called when the user asks for more rows.
   */
  constructor(id, { columns, keyOf, empty, order, onOrder, onMore }) {
    const section = $(id);
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#empty = empty;
    this.#summary = section.querySelector(".summary");
    this.#more = section.querySelector(".more");
    this.#more.addEventListener("click", onMore);
    const heads = columns.map((column) => headOf(column));
    const choose = (chosen) => {
      heads.forEach((head, index) => {
        if (columns[index].order === undefined) return;
        head.ariaSort = columns[index].order === chosen ? "descending" : "none";
      });
      onOrder(chosen);
    };
    heads.forEach((head, index) => {
      head.querySelector("button")?.addEventListener("click", () => choose(columns[index].order));
    });
    this.#body = element("tbody");
    const table = section.querySelector("table");
    table.append(element("thead", {}, element("tr", {}, ...heads)), this.#body);
    if (order !== undefined) choose(order);
  }

  /** Shows a table of the server. */
  update({ total, found, rows }) {
    const isUsed = this.#body.matches(":hover, :focus-within");
    const shown = new Map(rows.map((row) => [this.#keyOf(row), row]));
    for (const [key, row] of shown) {
      let entry = this.#rows.get(key);
      if (entry === undefined) {
        if (isUsed) continue;
        this.#rows.set(key, entry = this.#create());
      }
      entry.row = row;
      this.#columns.forEach(({ cell }, index) => cell(entry.cells[index], row, entry));
    }
    if (!isUsed) {
      for (const key of this.#rows.keys()) if (!shown.has(key)) this.#rows.delete(key);
      this.#body.replaceChildren(...[...shown.keys()].map((key) => this.#rows.get(key).line));
    }
    this.#more.hidden = rows.length >= found || rows.length >= MAX_ROWS;
    const part = rows.length < found ? `the first ${count(rows.length)} of ` : "";
    const all = found < total ? `${count(found)} found among ${count(total)}` : count(total);
    write(this.#summary, total === 0 ? this.#empty : part + all);
  }

  #create() {
    const cells = this.#columns.map(({ title, className = "" }) =>
      element("td", { "data-title": title, className })
    );
    return { line: element("tr", {}, ...cells), cells };
  }
}

function headOf({ title, order, className = "" }) {
  const label = order === undefined ? title : element("button", { type: "button" }, title);
  return element("th", { scope: "col", className }, label);
}

/** Returns a cell that shows a text. */
export function text(valueOf) {
  return (cell, row) => write(cell, valueOf(row));
}

/** Returns a cell with a button for each action: a label and what it does with the newest row. */
export function buttons(...actions) {
  return (cell, _row, entry) => {
    if (cell.hasChildNodes()) return;
    cell.append(...actions.map(([label, act, isShown = () => true]) =>
      element("button", {
        type: "button",
        className: "small",
        hidden: !isShown(entry.row),
        onclick: () => act(entry.row),
      }, label)
    ));
  };
}
