/**
 * The page's connection to the live server: one WebSocket that comes back by itself.
 *
 * @module
 */

/** Longest wait before a retry, in milliseconds. */
const MAX_BACKOFF_MS = 30_000;

/** Wait before the first retry, at most, in milliseconds; each further one may double it. */
const BASE_BACKOFF_MS = 500;

/** A connection that lived for so long, in milliseconds, starts again with short waits. */
const STABLE_MS = 5_000;

/** Close codes after which coming back is of no use, with what people should know. */
const TERMINAL = {
  1009: "A message was too big for the server.",
  4403: "The server does not accept pages from this address.",
  4501: "There is no valid session: please log in.",
  4503: "An operator ended this session.",
};

/** Close codes after which the page comes back, with what people should know. */
const TRANSIENT = {
  1001: "The server is going away.",
  1006: "The connection broke or could not be made.",
  1008: "This page was too slow to take all messages.",
  1013: "The server cannot take more right now.",
  4401: "The session has to be refreshed.",
  4429: "This page sent too many messages.",
};

/**
 * Connects to the live server, subscribes to topics, and comes back after a break with `since`, so
 * that what was missed is caught up on.
 */
export class LiveConnection {
  /** Topics that are wanted, each with the position of the last message of it that arrived. */
  #topics = new Map();
  #handlers;
  #url;
  #socket;
  #timer;
  #attempts = 0;
  #openedAt = 0;
  #refreshed = false;
  #closing = false;
  #nextId = 1;

  /**
   * Creates a connection that is not open yet.
   *
   * @param {string} url Address of the live listener.
   * @param {object} handlers `onState({ phase, text, retryAt, loggedOut })`, `onWelcome(welcome)`,
   * `onMessage(message)`, `onAnswer(answer)`, `onFrame(direction, text)`, and `refresh()`, which
   * resolves to whether the session's cookie is a fresh one now.
   */
  constructor(url, handlers) {
    const target = new URL(url);
    // A browser cannot read why an upgrade was refused; as a close code it can.
    target.searchParams.set("reject", "close");
    this.#url = target.href;
    this.#handlers = handlers;
  }

  /** Opens the connection now, also in the middle of a wait. */
  connect() {
    clearTimeout(this.#timer);
    if (this.#socket) return;
    this.#tell("connecting", "");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#read(data));
    socket.addEventListener("close", ({ code, reason }) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#closed(code, reason);
    });
  }

  /** Closes the connection for good. */
  close() {
    this.#closing = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
  }

  /** Asks for a topic, now and after each break. */
  subscribe(topic) {
    if (!this.#topics.has(topic)) this.#topics.set(topic, undefined);
    const since = this.#topics.get(topic);
    const id = String(this.#nextId++);
    this.send(JSON.stringify({ type: "subscribe", topic, id, ...(since ? { since } : {}) }));
  }

  /** Gives a topic back. */
  unsubscribe(topic) {
    this.#topics.delete(topic);
    this.send(JSON.stringify({ type: "unsubscribe", topic, id: String(this.#nextId++) }));
  }

  /** Sends a text as it is; returns whether the connection was open. */
  send(text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    this.#handlers.onFrame("out", text);
    return true;
  }

  #tell(phase, text, retryAt) {
    this.#handlers.onState({ phase, text, retryAt });
  }

  #end(code) {
    this.#handlers.onState({ phase: "ended", text: TERMINAL[code], loggedOut: code === 4501 });
  }

  /** Reads a frame: one message, or an array of them. */
  #read(frame) {
    this.#handlers.onFrame("in", frame);
    const content = JSON.parse(frame);
    for (const message of Array.isArray(content) ? content : [content]) this.#take(message);
  }

  #take(message) {
    const { type, topic } = message;
    if (type === "message") {
      const position = this.#topics.get(topic);
      if (position) position.offset = message.offset;
      this.#handlers.onMessage(message);
    } else if (type === "welcome") {
      this.#openedAt = Date.now();
      this.#refreshed = false;
      this.#handlers.onWelcome(message);
      this.#tell("live", "Live");
      for (const wanted of this.#topics.keys()) this.subscribe(wanted);
    } else {
      if (type === "subscribed") {
        this.#topics.set(topic, { epoch: message.epoch, offset: message.offset });
        for (const held of message.messages ?? []) this.#handlers.onMessage({ topic, ...held });
      } else if (type === "unsubscribed") {
        this.#topics.delete(topic);
      } else if (type === "error" && message.code === "unavailable" && this.#topics.has(topic)) {
        setTimeout(() => {
          if (this.#topics.has(topic)) this.subscribe(topic);
        }, message.retryAfterMs ?? 1_000);
      } else if (type === "error" && topic !== undefined) {
        this.#topics.delete(topic);
      }
      this.#handlers.onAnswer(message);
    }
  }

  async #closed(code, reason) {
    if (code in TERMINAL) return this.#end(code);
    if (this.#openedAt > 0 && Date.now() - this.#openedAt >= STABLE_MS) this.#attempts = 0;
    this.#openedAt = 0;
    if (code === 4401) {
      if (this.#refreshed) return this.#end(4501);
      this.#refreshed = true;
      this.#tell("connecting", TRANSIENT[4401]);
      const fresh = await this.#handlers.refresh();
      if (this.#closing) return;
      return fresh ? this.connect() : this.#end(4501);
    }
    // Full jitter: a server that comes back must not meet all its clients in one moment.
    const ceiling = Math.min(MAX_BACKOFF_MS, BASE_BACKOFF_MS * 2 ** this.#attempts++);
    const told = code === 1001 ? /retry in (\d+)/.exec(reason)?.[1] : undefined;
    const delay = told === undefined ? Math.random() * ceiling : Number(told);
    this.#timer = setTimeout(() => this.connect(), delay);
    const text = TRANSIENT[code] ?? `The connection was closed (${code}).`;
    this.#tell("retrying", text, Date.now() + delay);
  }
}
