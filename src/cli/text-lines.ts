// Bytes to lines, a chunk at a time: decoding and splitting whole chunks is what makes an import fast.

import { isAscii, isUtf8 } from "node:buffer";
import { BillingError } from "../kernel/index.ts";

/** Consecutive lines of a file, without their ends. */
export interface LineBlock {
  /** The number of the first one in the file, from 1. */
  readonly first: number;
  readonly lines: readonly string[];
  /** By index: the lines that are no text and why; their place in `lines` is ''. */
  readonly faults: ReadonlyMap<number, LineFault>;
}

export interface LineFault {
  readonly code: "line_too_long" | "invalid_utf8";
  readonly message: string;
}

/** The longest line, and the longest CSV record. */
export const MAX_LINE_BYTES = 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const NONE: ReadonlyMap<number, LineFault> = new Map();
const NOTHING: Buffer = Buffer.alloc(0);
const TOO_LONG: LineFault = { code: "line_too_long", message: "the line is longer than 1 MiB" };
const NOT_UTF8: LineFault = { code: "invalid_utf8", message: "the line is not UTF-8 text" };

/**
 * The lines of a text, ended by LF or CRLF, the last one also by the end. A UTF-8 byte order mark is no part of it.
 *
 * What cannot be decoded, or is longer than 1 MiB, costs that line only; at most one line is held back at a time.
 *
 * @throws BillingError invalid_input `not_text` for binary data and for UTF-16. An error of `chunks` is passed on, and
 * the unfinished line before it is dropped: half a line may read as a whole one with a smaller number.
 */
export async function* textLines(
  chunks: AsyncIterable<Buffer>,
  file: string,
): AsyncGenerator<LineBlock, void, undefined> {
  let first = 1;
  let rest = NOTHING;
  let isTooLong = false;
  const blockOf = (bytes: Buffer): LineBlock => {
    const text = first === 1 ? withoutMark(bytes, file) : bytes;
    const block = decode(text, first, isTooLong);
    first += block.lines.length;
    isTooLong = false;
    return block;
  };
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LF);
    if (end === -1) {
      if (!isTooLong) rest = Buffer.concat([rest, chunk]);
    } else {
      const head = chunk.subarray(0, end);
      yield blockOf(rest.length === 0 ? head : Buffer.concat([rest, head]));
      rest = chunk.subarray(end + 1);
    }
    if (rest.length > MAX_LINE_BYTES) {
      isTooLong = true;
      rest = NOTHING;
    }
  }
  if (rest.length > 0 || isTooLong) yield blockOf(rest);
}

function decode(bytes: Buffer, first: number, firstIsTooLong: boolean): LineBlock {
  const isPlain = !firstIsTooLong && bytes.length <= MAX_LINE_BYTES;
  if (isPlain && isAscii(bytes)) return { first, lines: split(bytes.toString("latin1")), faults: NONE };
  if (isPlain && isUtf8(bytes)) return { first, lines: split(bytes.toString("utf8")), faults: NONE };
  return decodeEach(bytes, first, firstIsTooLong);
}

function split(text: string): string[] {
  const lines = text.split("\n");
  if (!text.includes("\r")) return lines;
  return lines.map((line) => (line.charCodeAt(line.length - 1) === CR ? line.slice(0, -1) : line));
}

function decodeEach(bytes: Buffer, first: number, firstIsTooLong: boolean): LineBlock {
  const lines: string[] = [];
  const faults = new Map<number, LineFault>();
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(LF, start);
    const end = found === -1 ? bytes.length : found;
    const line = bytes.subarray(start, end > start && bytes[end - 1] === CR ? end - 1 : end);
    const isTooLong = line.length > MAX_LINE_BYTES || (firstIsTooLong && lines.length === 0);
    const fault = isTooLong ? TOO_LONG : isUtf8(line) ? undefined : NOT_UTF8;
    if (fault !== undefined) faults.set(lines.length, fault);
    lines.push(fault === undefined ? line.toString("utf8") : "");
    start = end + 1;
  }
  return { first, lines, faults };
}

/** Looks at the first line only: a stray byte further down is a bad row, not a bad file. */
function withoutMark(bytes: Buffer, file: string): Buffer {
  const line = bytes.subarray(0, bytes.includes(LF) ? bytes.indexOf(LF) : bytes.length);
  const isUtf16 = (line[0] === 0xff && line[1] === 0xfe) || (line[0] === 0xfe && line[1] === 0xff);
  if (isUtf16 || line.includes(0)) {
    const what = isUtf16
      ? "is UTF-16 text; save it as UTF-8"
      : "is binary; expected CSV or JSONL text, or gzip of it";
    const details = { field: "file", file };
    throw new BillingError("invalid_input", "not_text", `${file} ${what}`, { details });
  }
  return line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? bytes.subarray(3) : bytes;
}
