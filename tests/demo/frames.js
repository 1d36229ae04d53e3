/**
 * Shows the frames of a WebSocket, and explains its state.
 *
 * @module
 */

/** Close codes in plain words. */
const REASONS = {
  1001: "The server is going away.",
  1006: "The connection broke or could not be made.",
  1008: "This page was too slow to take all messages.",
  1009: "A message was too big for the server.",
  1013: "The server is overloaded.",
  4401: "The session has ended: please log in.",
  4403: "The server does not accept pages from this address.",
  4429: "This page sent too many messages.",
  4501: "There is no valid session: please log in.",
  4503: "An operator ended this session.",
};

/** Explains why there is no connection. */
export function reasonOf({ code, reason }) {
  return REASONS[code] ?? `${reason} (${code})`;
}

/** Returns how long it is to the next attempt to connect, if there is one. */
export function countdownTo(retryAt) {
  if (retryAt === undefined) return "";
  return ` in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`;
}

/**
 * Creates a WebSocket that reports its frames.
 *
 * @param {string} url The address.
 * @param {(direction: "in" | "out", text: string) => void} onFrame Called with each frame.
 */
export function createWatchedSocket(url, onFrame) {
  const socket = new WebSocket(url);
  socket.addEventListener("message", ({ data }) => onFrame("in", data));
  const send = socket.send.bind(socket);
  socket.send = (text) => {
    send(text);
    onFrame("out", text);
  };
  return socket;
}
