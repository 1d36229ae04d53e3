// The design that Live started from: Node with `ws`, a map of connections, one JSON.stringify for
// each of them. The topic of a client is the last word of its first message.
//
//   node node_ws.mjs PORT PATH_OF_WS

import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";

const [port, path] = process.argv.slice(2);
const { WebSocketServer } = createRequire(`${path}/`)("ws");
const connections = new Map();
let next = 0;

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => body += chunk);
  request.on("end", () => {
    const { topic, data } = JSON.parse(body);
    for (const { socket, topics } of connections.values()) {
      if (topics.has(topic)) socket.send(JSON.stringify({ type: "message", topic, data }));
    }
    response.end("{}");
  });
});
new WebSocketServer({ server }).on("connection", (socket) => {
  const id = next++;
  const topics = new Set();
  connections.set(id, { socket, topics });
  socket.on("message", (text) => {
    const { topic } = JSON.parse(text);
    topics.add(topic);
    socket.send(JSON.stringify({ type: "subscribed", topic }));
  });
  socket.on("close", () => connections.delete(id));
});
server.listen(Number(port), "127.0.0.1", 4096, () => process.stdout.write("listening\n"));
