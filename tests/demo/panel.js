/**
 * The panels beside the track: standings, message rate, frames.
 *
 * @module
 */

/** How much of a frame the log shows, in UTF-16 code units. */
const MAX_LOG_TEXT = 240;

/** How many frames the log keeps. */
const MAX_LOG_ROWS = 60;

/** The table of the vehicles, the leader first. */
export class Leaderboard {
  #body;
  #rows = new Map();
  #vehicles = new Map();

  /** Fills the body of a table. */
  constructor(body) {
    this.#body = body;
  }

  /** Updates a vehicle. */
  update(id, data) {
    this.#vehicles.set(id, data);
  }

  /** Removes a vehicle. Returns its last update. */
  remove(id) {
    const vehicle = this.#vehicles.get(id);
    this.#vehicles.delete(id);
    this.#rows.get(id)?.remove();
    this.#rows.delete(id);
    return vehicle;
  }

  /** Removes all vehicles. */
  clear() {
    this.#vehicles.clear();
    this.#rows.clear();
    this.#body.replaceChildren();
  }

  /** Writes the table and returns the ids in the order of the race. */
  render() {
    const order = [...this.#vehicles].sort(([, a], [, b]) =>
      b.lap + b.progress - (a.lap + a.progress)
    );
    for (const [index, [id, data]] of order.entries()) {
      const row = this.#rows.get(id) ?? this.#createRow(id, data);
      const [place, , lap, speed] = row.cells;
      write(place, index + 1);
      write(lap, data.lap);
      write(speed, data.speed);
      if (this.#body.rows[index] !== row) {
        this.#body.insertBefore(row, this.#body.rows[index] ?? null);
      }
    }
    return order.map(([id]) => id);
  }

  #createRow(id, { number, name, color }) {
    const row = document.createElement("tr");
    row.append(
      document.createElement("td"),
      document.createElement("th"),
      document.createElement("td"),
      document.createElement("td"),
    );
    const chip = document.createElement("span");
    chip.className = "chip";
    chip.style.backgroundColor = color;
    chip.textContent = number;
    row.cells[1].scope = "row";
    row.cells[1].append(chip, name);
    this.#rows.set(id, row);
    return row;
  }
}

/** Counts messages, in total and in the last second. */
export class Counter {
  /** All messages so far. */
  total = 0;
  #times = [];

  /** Counts one message. */
  add() {
    this.total++;
    this.#times.push(performance.now());
  }

  /** Returns how many there were in the last second. */
  perSecond() {
    const since = performance.now() - 1_000;
    const first = this.#times.findIndex((time) => time >= since);
    this.#times.splice(0, first < 0 ? this.#times.length : first);
    return this.#times.length;
  }
}

/** The list of the last frames, the newest first. */
export class FrameLog {
  #list;
  #frames = [];
  #changed = false;
  /** Whether the list is paused. */
  paused = false;
  /** Whether frames with nothing but messages are left out. */
  answersOnly = false;

  /** Fills a list. */
  constructor(list) {
    this.#list = list;
  }

  /** Adds a frame, `in` or `out`. */
  add(direction, text) {
    if (this.paused) return;
    const plain = direction === "in" && /^\[?\{"type":"message"/.test(text);
    if (plain && this.answersOnly) return;
    this.#frames.unshift({ direction, text, time: new Date() });
    this.#frames.length = Math.min(this.#frames.length, MAX_LOG_ROWS);
    this.#changed = true;
  }

  /** Empties the list. */
  clear() {
    this.#frames.length = 0;
    this.#changed = true;
  }

  /** Writes the list. */
  render() {
    if (!this.#changed) return;
    this.#changed = false;
    this.#list.replaceChildren(...this.#frames.map(({ direction, text, time }) => {
      const item = document.createElement("li");
      item.className = direction;
      const stamp = document.createElement("time");
      stamp.textContent = time.toISOString().slice(11, 23);
      const arrow = document.createElement("span");
      arrow.className = "arrow";
      arrow.textContent = direction === "in" ? "received" : "sent";
      const code = document.createElement("code");
      const more = text.length - MAX_LOG_TEXT;
      code.textContent = text.slice(0, MAX_LOG_TEXT) + (more > 0 ? ` … ${more} more` : "");
      item.append(stamp, arrow, code);
      return item;
    }));
  }
}

/** The server's last answer. */
export class Answer {
  #output;

  /** Writes into an element. */
  constructor(output) {
    this.#output = output;
  }

  /** Shows an answer, with the number of its messages in place of the messages. */
  show({ messages, ...rest }) {
    this.#output.dataset.kind = rest.type;
    const shown = messages ? { ...rest, messages: `${messages.length} messages` } : rest;
    write(this.#output, JSON.stringify(shown, null, 2));
  }

  /** Shows that there is none yet. */
  clear() {
    this.#output.dataset.kind = "none";
    write(this.#output, "The server's answer appears here.");
  }
}

/** Sets the text of an element if it differs. */
export function write(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}
