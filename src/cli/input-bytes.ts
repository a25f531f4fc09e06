// The bytes of an input, unpacked: a file, a pipe or the standard input, gzip or not.

import { createReadStream, type Stats, statSync } from "node:fs";
import { addAbortSignal, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { BillingError } from "../kernel/index.ts";

/** One input, read once from its beginning. */
export interface InputBytes {
  /** Unpacked bytes. Ends early, without an error, when the signal is aborted. */
  readonly chunks: AsyncGenerator<Buffer, void, undefined>;
  /** Bytes taken from the file so far, packed as they are. */
  readonly bytesRead: () => number;
  readonly close: () => void;
}

/** What is known of an input before it is read. */
export interface InputInfo {
  /** In bytes; undefined for pipes. */
  readonly size: number | undefined;
  /** Whether it can be opened again and read from its beginning. */
  readonly isRegularFile: boolean;
}

const CHUNK_BYTES = 64 * 1024;

/**
 * Looks at an input; `-` is the standard input.
 *
 * @throws BillingError not_found `file_not_found`, invalid_input `file_unreadable`.
 */
export function inspectInput(path: string): InputInfo {
  if (path === "-") return { size: undefined, isRegularFile: false };
  const stat = statOf(path);
  if (stat.isDirectory()) throw unreadable(path, "is a folder; name the files in it");
  return stat.isFile() ? { size: stat.size, isRegularFile: true } : { size: undefined, isRegularFile: false };
}

/** Opens an input. What is wrong with it shows when `chunks` is read: `file_unreadable` or `corrupt_gzip`. */
export function openInput(path: string, signal: AbortSignal): InputBytes {
  const stream: Readable =
    path === "-" ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  addAbortSignal(signal, stream);
  let bytes = 0;
  const raw = async function* (): AsyncGenerator<Buffer, void, undefined> {
    try {
      for await (const chunk of stream) {
        bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw unreadable(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"})`);
    }
  };
  return {
    chunks: unpacked(raw(), path, signal),
    bytesRead: () => bytes,
    close: () => stream.destroy(),
  };
}

async function* unpacked(
  raw: AsyncGenerator<Buffer, void, undefined>,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const head = await firstBytes(raw);
  if (head.length === 0) return;
  const chunks = prepend(head, raw);
  const isGzip = path.endsWith(".gz") || (head[0] === 0x1f && head[1] === 0x8b);
  yield* isGzip ? gunzipped(chunks, path, signal) : chunks;
}

/** Unpacks chunk by chunk, so that all that could be unpacked has been yielded before an error is thrown. */
async function* gunzipped(
  chunks: AsyncIterable<Buffer>,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  let ready: Buffer[] = [];
  let fault: Error | undefined;
  const failed = new Promise<void>((resolve) => {
    gunzip.once("error", (error) => {
      fault = error;
      resolve();
    });
  });
  const ended = new Promise<void>((resolve) => gunzip.once("end", resolve));
  gunzip.on("data", (chunk: Buffer) => ready.push(chunk));
  const take = () => {
    const taken = ready;
    ready = [];
    return taken;
  };
  try {
    for await (const chunk of chunks) {
      const written = new Promise<void>((resolve) => gunzip.write(chunk, () => resolve()));
      await Promise.race([written, failed]);
      yield* take();
      if (fault !== undefined) throw corrupt(path, fault);
    }
    if (signal.aborted) return;
    gunzip.end();
    await Promise.race([ended, failed]);
    yield* take();
    if (fault !== undefined) throw corrupt(path, fault);
  } finally {
    gunzip.destroy();
  }
}

/** Enough to tell gzip from text: a pipe may give one byte at a time. */
async function firstBytes(raw: AsyncGenerator<Buffer, void, undefined>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await raw.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* prepend(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield head;
  yield* rest;
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw unreadable(path, `cannot be read (${code})`);
    const details = { field: "file", file: path };
    throw new BillingError("not_found", "file_not_found", `${path}: there is no such file`, { details });
  }
}

function unreadable(path: string, what: string): BillingError {
  const details = { field: "file", file: path };
  return new BillingError("invalid_input", "file_unreadable", `${path} ${what}`, { details });
}

function corrupt(path: string, fault: Error): BillingError {
  const code = (fault as NodeJS.ErrnoException).code;
  const what =
    code === "Z_BUF_ERROR"
      ? "is cut short: its gzip data ends too early"
      : `is no intact gzip data (${fault.message})`;
  const details = { field: "file", file: path };
  return new BillingError("invalid_input", "corrupt_gzip", `${path} ${what}; get a whole copy of it`, {
    details,
  });
}
