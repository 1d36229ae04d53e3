/**
 * Writing lines without waiting for whoever reads them.
 *
 * @module
 */

/** What a writer needs. */
export interface LineWriterOptions {
  /** Where the lines go. */
  readonly sink: { write(bytes: Uint8Array): Promise<number> };
  /** Told how many lines were dropped, once lines are written again. */
  readonly onDropped: (count: number) => void;
}

/** What may wait to be written, in UTF-16 code units. */
const MAX_WAITING_LENGTH = 1_048_576;

const encoder = new TextEncoder();

/**
 * Writes lines in their order. Nobody waits for them: a pipe that nobody reads would stop the whole
 * server else. What is more than a bound is dropped, and what cannot be written.
 */
export class LineWriter {
  readonly #options: LineWriterOptions;
  #waiting: string[] = [];
  /** Length of what waits and of what is being written. */
  #length = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;

  /** Creates a writer that has nothing to write. */
  constructor(options: LineWriterOptions) {
    this.#options = options;
  }

  /** Has a line written. Never throws. */
  write(line: string): void {
    if (this.#length + line.length > MAX_WAITING_LENGTH) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#length += line.length;
    this.#writing ??= this.#run();
  }

  /** Resolves once nothing waits any more; never, if nobody reads. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what is written in this turn goes out together
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
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
      return false; // the disk is full, or the reader has gone
    }
  }
}
