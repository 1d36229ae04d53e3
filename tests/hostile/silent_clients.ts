/**
 * A program that opens TCP connections to a port of this machine, sends nothing, and holds them until it is
 * killed: `silent_clients.ts PORT COUNT`. It prints how many it opened. It is a separate process, because
 * the number of files that a process may open is limited.
 *
 * @module
 */

/** How many it opens concurrently. */
const CONCURRENCY = 50;

const [port = NaN, count = 0] = Deno.args.map(Number);
const opened: Deno.TcpConn[] = [];
let tries = 0;

async function open(): Promise<void> {
  while (tries++ < count) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (conn !== undefined) opened.push(conn);
  }
}

await Promise.all(Array.from({ length: CONCURRENCY }, open));
await Deno.stdout.write(new TextEncoder().encode(`opened ${opened.length}\n`));
setInterval(() => {}, 60_000); // runs until it is killed
