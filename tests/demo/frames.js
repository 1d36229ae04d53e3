/**
 * Shows what goes over a WebSocket, and what its end means.
 *
 * @module
 */

/** What people should know about a close code. */
const REASONS = {
  1001: "The server is going away.",
  1006: "The connection broke or could not be made.",
  1008: "This page was too slow to take all messages.",
  1009: "A message was too big for the server.",
  1013: "The server cannot take more right now.",
  4401: "The session has ended: please log in.",
  4403: "The server does not accept pages from this address.",
  4429: "This page sent too many messages.",
  4501: "There is no valid session: please log in.",
  4503: "An operator ended this session.",
};

/** Says for people why a connection is not there. */
export function reasonOf({ code, reason }) {
  return REASONS[code] ?? `${reason} (${code})`;
}

/**
 * Creates a WebSocket that shows its frames.
 *
 * @param {string} url Where it connects to.
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
