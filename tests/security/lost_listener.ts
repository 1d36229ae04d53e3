/**
 * Runs before `main.ts`: the first server stops to accept after its first request, and its port is
 * taken from then on. Time passes a hundred times as fast.
 *
 * @module
 */

const { serve } = Deno;
const { setTimeout } = globalThis;
const failure = Promise.withResolvers<never>();
let servers = 0;

Deno.serve = ((options: Deno.ServeTcpOptions, handle: Deno.ServeHandler<Deno.NetAddr>) => {
  servers++;
  if (servers > 2) throw new Deno.errors.AddrInUse("Address already in use");
  const server = serve(options, (request, info) => {
    if (request.url.endsWith("/fail")) failure.reject(new Error("accepting failed"));
    return handle(request, info);
  });
  if (servers === 1) return server; // the ops listener
  return new Proxy(server, {
    get: (target, name) => {
      if (name === "finished") return failure.promise;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}) as typeof Deno.serve;

globalThis.setTimeout =
  ((callback: () => void, ms = 0) =>
    setTimeout(callback, ms / 100)) as typeof globalThis.setTimeout;
