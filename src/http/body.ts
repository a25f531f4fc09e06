// Reading bodies: JSON whole and bounded, NDJSON line by line.

import { isUtf8 } from "node:buffer";
import type { Readable } from "node:stream";
import { HttpError } from "./problem.ts";

export const NDJSON = "application/x-ndjson";
const MAX_DEPTH = 32;
const LINE_FEED = 10;
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** Limits of a streamed body, which has no length of its own. */
export interface NdjsonLimits {
  /** Bytes of a line. */
  readonly line: number;
  /** Milliseconds without a byte. */
  readonly idleMs: number;
}

/**
 * The value of a JSON text.
 *
 * @throws HttpError 400 `invalid_json`, `invalid_encoding`, `too_deep`, `forbidden_name`.
 */
export function parseJson(bytes: Uint8Array, what = "the body"): unknown {
  if (!isUtf8(bytes)) throw bad("invalid_encoding", `${what} is not UTF-8`);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad("invalid_json", `${what} is not JSON`);
  }
  checkDepth(value, MAX_DEPTH, what);
  return value;
}

/** An NDJSON body that is still arriving. */
export class NdjsonBody {
  readonly #source: Readable;
  readonly #limits: NdjsonLimits;

  constructor(source: Readable, limits: NdjsonLimits) {
    this.#source = source;
    this.#limits = limits;
  }

  /**
   * The lines as they arrive, blank ones left out; nothing is read ahead while the reader works.
   *
   * @throws HttpError 413 `line_too_long`, 408 `body_too_slow`, 400 `body_incomplete`.
   */
  async *lines(): AsyncGenerator<Buffer, void, undefined> {
    let rest: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.#chunks()) {
      let start = 0;
      for (;;) {
        const end = chunk.indexOf(LINE_FEED, start);
        const part = chunk.subarray(start, end === -1 ? chunk.length : end);
        length += part.length;
        if (length > this.#limits.line) {
          throw new HttpError(413, "line_too_long", `a line has at most ${this.#limits.line} bytes`);
        }
        if (end === -1) {
          if (part.length > 0) rest.push(part);
          break;
        }
        const line = rest.length === 0 ? part : Buffer.concat([...rest, part]);
        rest = [];
        length = 0;
        start = end + 1;
        if (!isBlank(line)) yield line;
      }
    }
    const last = Buffer.concat(rest);
    if (!isBlank(last)) yield last;
  }

  async *#chunks(): AsyncGenerator<Buffer, void, undefined> {
    const iterator = this.#source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    for (;;) {
      const result = await this.#next(iterator);
      if (result.done === true) return;
      yield result.value;
    }
  }

  async #next(iterator: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
    let timer: NodeJS.Timeout | undefined;
    const slow = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooSlow()), this.#limits.idleMs);
    });
    try {
      return await Promise.race([iterator.next(), slow]);
    } catch (error) {
      if (error instanceof HttpError) throw error;
      throw new HttpError(400, "body_incomplete", "the body ended before it was complete", { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

export function tooSlow(): HttpError {
  return new HttpError(408, "body_too_slow", "the body did not arrive in time", {
    headers: { connection: "close" },
  });
}

/** Before anything walks the value by recursion; and no key that could reach a prototype. */
function checkDepth(value: unknown, left: number, what: string): void {
  if (typeof value !== "object" || value === null) return;
  if (left === 0) throw bad("too_deep", `${what} is nested more than ${MAX_DEPTH} deep`);
  if (Array.isArray(value)) {
    for (const item of value) checkDepth(item, left - 1, what);
    return;
  }
  for (const key of Object.keys(value)) {
    if (FORBIDDEN.has(key)) throw bad("forbidden_name", `${what} has a field ${JSON.stringify(key)}`, key);
    checkDepth((value as Record<string, unknown>)[key], left - 1, what);
  }
}

function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== 13 && byte !== 32 && byte !== 9) return false;
  return true;
}

function bad(code: string, detail: string, field?: string): HttpError {
  return new HttpError(400, code, detail, { field });
}
