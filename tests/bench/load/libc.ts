/**
 * Sockets of the C library, by Deno's FFI. Clients on Deno's own API would need more CPU time than the
 * servers that they measure. Linux only.
 *
 * @module
 */

const AF_INET = 2;
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const MSG_NOSIGNAL = 0x4000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;

/** Size of `struct epoll_event`, which is packed on x86_64 only. */
const EVENT_BYTES = Deno.build.arch === "x86_64" ? 12 : 16;
const DATA_OFFSET = EVENT_BYTES - 8;

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // Lengths are of type size_t; below 4 GiB a register holds the same, and no BigInt is made.
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
});

/** Connects to a port of 127.0.0.1; the socket does not block afterwards. */
export function connect(port: number): number {
  const fd = libc.socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) throw new Error("Cannot open a socket: too many open files?");
  const address = new DataView(new ArrayBuffer(16));
  address.setUint16(0, AF_INET, true);
  address.setUint16(2, port);
  address.setUint32(4, 0x7f000001);
  if (libc.connect(fd, address, 16) !== 0) {
    libc.close(fd);
    throw new Error(`Cannot connect to port ${port}`);
  }
  libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, new Uint32Array([1]), 4);
  libc.fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/** Sends a message that is small enough for one call. */
export function send(fd: number, bytes: Uint8Array<ArrayBuffer>): void {
  const count = libc.send(fd, bytes, bytes.length, MSG_NOSIGNAL);
  if (count !== bytes.length) throw new Error(`Cannot send: ${count} of ${bytes.length} bytes`);
}

/** Reads available data; returns 0 at the end, and a negative number if there is none. */
export function receive(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  return libc.recv(fd, buffer, buffer.length, 0);
}

/** Closes a socket. */
export function close(fd: number): void {
  libc.close(fd);
}

/** Polls sockets for data to read (epoll). */
export class Poller implements Disposable {
  readonly #fd = libc.epoll_create1(0);
  readonly #events = new DataView(new ArrayBuffer(EVENT_BYTES * 1024));

  /** Adds a socket, which is identified by a number. */
  add(fd: number, number: number): void {
    const event = new DataView(new ArrayBuffer(EVENT_BYTES));
    event.setUint32(0, EPOLLIN, true);
    event.setUint32(DATA_OFFSET, number, true);
    libc.epoll_ctl(this.#fd, EPOLL_CTL_ADD, fd, event);
  }

  /** Waits until sockets are readable or the time is over; calls back with their numbers. */
  poll(timeoutMs: number, onReadable: (number: number) => void): void {
    const count = libc.epoll_wait(this.#fd, this.#events, 1024, timeoutMs);
    for (let i = 0; i < count; i++) {
      onReadable(this.#events.getUint32(i * EVENT_BYTES + DATA_OFFSET, true));
    }
  }

  [Symbol.dispose](): void {
    libc.close(this.#fd);
  }
}
