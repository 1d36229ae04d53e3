/**
 * Writing lines without waiting for their reader.
 *
 * @module
 */

/** Options of a line writer. */
export interface LineWriterOptions {
  /** Where the lines go. */
  readonly sink: { write(bytes: Uint8Array): Promise<number> };
  /** Called with the number of dropped lines, once lines are written again. */
  readonly onDropped: (count: number) => void;
}

/** Longest backlog, in UTF-16 code units. */
const MAX_BACKLOG_LENGTH = 1_048_576;

const encoder = new TextEncoder();

/**
 * Writes lines in their order. Callers never wait, because otherwise an unread pipe would block the whole
 * server. Lines that cannot be written, or that would make the backlog too long, are dropped.
 */
export class LineWriter {
  readonly #options: LineWriterOptions;
  #backlog: string[] = [];
  /** Length of the backlog and of the lines that are being written. */
  #length = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;

  /** Creates a writer with an empty backlog. */
  constructor(options: LineWriterOptions) {
    this.#options = options;
  }

  /** Adds a line to the backlog. Never throws. */
  write(line: string): void {
    if (this.#length + line.length > MAX_BACKLOG_LENGTH) {
      this.#dropped++;
      return;
    }
    this.#backlog.push(line);
    this.#length += line.length;
    this.#writing ??= this.#run();
  }

  /** Resolves once the backlog is written. Never resolves if nothing reads it. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // lines of one turn go out together
    while (this.#backlog.length > 0) {
      const lines = this.#backlog;
      this.#backlog = [];
      const isWritten = await this.#writeAll(`${lines.join("\n")}\n`);
      for (const line of lines) this.#length -= line.length;
      if (!isWritten) this.#dropped += lines.length;
      else if (this.#dropped > 0) {
        const count = this.#dropped;
        this.#dropped = 0;
        this.#options.onDropped(count);
      }
    }
    this.#writing = undefined;
  }

  async #writeAll(text: string): Promise<boolean> {
    try {
      let bytes = encoder.encode(text);
      while (bytes.length > 0) bytes = bytes.subarray(await this.#options.sink.write(bytes));
      return true;
    } catch {
      return false; // the disk is full, or the pipe is closed
    }
  }
}
