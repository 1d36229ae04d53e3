// Bun's own publish, without authentication, offsets, history or limits: its best case.
//
//   bun bun_publish.ts PORT

// @ts-nocheck -- for Bun, not for Deno
// deno-lint-ignore-file no-console no-process-global -- nor its lint
Bun.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  async fetch(request, server) {
    if (request.method === "GET") {
      return server.upgrade(request) ? undefined : new Response("", { status: 400 });
    }
    const { topic, data } = await request.json();
    server.publish(topic, JSON.stringify({ type: "message", topic, data }));
    return new Response("{}");
  },
  websocket: {
    message(socket, text) {
      const { topic } = JSON.parse(text);
      socket.subscribe(topic);
      socket.send(JSON.stringify({ type: "subscribed", topic }));
    },
  },
});
console.log("listening");
