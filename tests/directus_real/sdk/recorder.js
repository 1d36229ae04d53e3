/**
 * What an app with Directus's SDK receives, filed by the steps of a script.
 *
 * @module
 */

/** How long one step may wait for its messages, in milliseconds: a thousand Flows take their time. */
const STEP_MS = 300_000;

/** Records the frames of the SDK's sockets. */
export class Recorder {
  /** The steps so far, each with the frames that came with it. */
  steps = [];
  /** Frames of the step in progress. */
  frames = [];
  #notify = () => {};

  /** Records a frame, or anything else that happened. */
  note(frame) {
    if (frame.type === "ping") return; // a heartbeat comes by the clock, in any step
    this.frames.push(frame);
    this.#notify();
  }

  /**
   * Returns a WebSocket whose frames are recorded.
   *
   * @param options Its options, for Node.js.
   * @param isGuarded Whether it bears that the SDK closes it in its error event, which in Node.js fires that
   * event again, without end.
   */
  socket(options, isGuarded = true) {
    const note = (frame) => this.note(frame);
    return class extends globalThis.WebSocket {
      #hasFailed = false;

      constructor(url) {
        super(url, ...options === undefined ? [] : [options]);
        this.addEventListener("message", ({ data }) => note(JSON.parse(data)));
        this.addEventListener("error", () => this.#hasFailed = true);
        this.addEventListener("close", () => note({ type: "closed" }));
      }

      close(...args) {
        if (!this.#hasFailed || !isGuarded) super.close(...args);
      }
    };
  }

  /** Resolves once so many frames match; rejects with what has arrived if they do not in time. */
  async seen(matches, count = 1) {
    await this.until(() => this.frames.filter(matches).length >= count, matches);
  }

  /** Resolves once a condition holds that depends on what was noted. */
  async until(condition, what = condition) {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#notify();
    }, STEP_MS);
    while (!condition()) {
      if (isLate) {
        const received = JSON.stringify(this.frames).slice(0, 2_000);
        throw new Error(`Not received: ${what}; after ${this.steps.at(-1)?.name}: ${received}`);
      }
      await new Promise((resolve) => this.#notify = resolve);
    }
    clearTimeout(timer);
  }

  /** Runs a step. */
  async step(name, act) {
    await act();
    this.steps.push({ name, frames: this.frames.splice(0) });
  }
}

/** Returns a function that sends requests to Directus with a token. */
export function restOf(directus, token) {
  return async (method, path, body) => {
    const response = await fetch(directus + path, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} responded ${response.status}: ${text}`);
    return text === "" ? undefined : JSON.parse(text).data;
  };
}
