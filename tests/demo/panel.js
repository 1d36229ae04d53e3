/**
 * The tables and lists beside the track: who leads, how much arrives, what the frames say.
 *
 * @module
 */

/** Longest text of a frame that the log shows. */
const MAX_LOG_TEXT = 240;

/** Most frames that the log keeps. */
const MAX_LOG_ROWS = 60;

/** Is the table of the vehicles, the leader first. */
export class Leaderboard {
  #body;
  #rows = new Map();
  #vehicles = new Map();

  /** Fills the body of a table. */
  constructor(body) {
    this.#body = body;
  }

  /** Takes an update of a vehicle. */
  update(id, data) {
    this.#vehicles.set(id, data);
  }

  /** Forgets all vehicles. */
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

/** Is the list of the last frames, the newest first. */
export class FrameLog {
  #list;
  #frames = [];
  #changed = false;
  /** Whether the list stands still. */
  paused = false;
  /** Whether frames with nothing but vehicles are left out. */
  answersOnly = false;

  /** Fills a list. */
  constructor(list) {
    this.#list = list;
  }

  /** Takes a frame, `in` or `out`. */
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

/** Writes a text where it is another one. */
export function write(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}
