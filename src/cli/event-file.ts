// A file of usage events: bytes, lines, rows; which format it has; and how far it has been read.

import { extname } from "node:path";
import { BillingError } from "../kernel/index.ts";
import { csvRows } from "./csv-rows.ts";
import { type InputBytes, inspectInput, openInput } from "./input-bytes.ts";
import { jsonlRows } from "./jsonl-rows.ts";
import type { RowBlock } from "./row.ts";
import { type LineBlock, textLines } from "./text-lines.ts";

/** `auto`: by the name's extension, else by the first character. */
export type EventFormat = "csv" | "jsonl" | "auto";

export interface EventFile {
  /** As the caller names it; `stdin` for `-`. */
  readonly name: string;
  /** Bytes on disk; undefined for pipes. */
  readonly size: number | undefined;
  readonly bytesRead: () => number;
  /** The rows, in order and once. Memory stays flat, however long the file is. */
  readonly rows: () => AsyncGenerator<RowBlock, void, undefined>;
  readonly close: () => void;
}

const FORMATS: ReadonlyMap<string, EventFormat> = new Map([
  [".csv", "csv"],
  [".jsonl", "jsonl"],
  [".ndjson", "jsonl"],
]);

/**
 * Opens a file and reads its beginning.
 *
 * @throws BillingError invalid_input for a file that is empty, binary, packed in a broken way or has no good header,
 * not_found for one that is not there.
 */
export async function openEventFile(
  path: string,
  format: EventFormat,
  signal: AbortSignal,
): Promise<EventFile> {
  const { size, isRegularFile } = inspectInput(path);
  const name = path === "-" ? "stdin" : path;
  const start = async () => {
    const input = openInput(path, signal);
    const rows = rowsOf(input, name, format);
    try {
      return { input, rows, head: await rows.next() };
    } catch (error) {
      input.close();
      throw error;
    }
  };
  let opened: Awaited<ReturnType<typeof start>> | undefined = await start();
  let input = opened.input;
  // Many files are looked at before the first one is imported: none but pipes may stay open meanwhile.
  if (isRegularFile) {
    input.close();
    opened = undefined;
  }
  return {
    name,
    size,
    bytesRead: () => (isRegularFile && opened === undefined ? 0 : input.bytesRead()),
    rows: async function* () {
      opened ??= await start();
      input = opened.input;
      if (opened.head.done) return;
      yield opened.head.value;
      yield* opened.rows;
    },
    close: () => input.close(),
  };
}

async function* rowsOf(
  input: InputBytes,
  name: string,
  format: EventFormat,
): AsyncGenerator<RowBlock, void, undefined> {
  const blocks = textLines(input.chunks, name);
  const known = format === "auto" ? FORMATS.get(extname(name.replace(/\.gz$/, "")).toLowerCase()) : format;
  if (known !== undefined) {
    yield* known === "csv" ? csvRows(blocks, name) : jsonlRows(blocks, name);
    return;
  }
  const skipped: LineBlock[] = [];
  for (;;) {
    const next = await blocks.next();
    if (!next.done) skipped.push(next.value);
    const character = next.done ? "" : (/\S/.exec(next.value.lines.join("\n"))?.[0] ?? "");
    if (character === "" && !next.done) continue;
    if (character === "[") throw listNotLines(name);
    const all = prepend(skipped, blocks);
    yield* character === "{" ? jsonlRows(all, name) : csvRows(all, name);
    return;
  }
}

async function* prepend(head: readonly LineBlock[], rest: AsyncIterable<LineBlock>) {
  yield* head;
  yield* rest;
}

function listNotLines(file: string): BillingError {
  const text = `${file} is a JSON list; write one object a line (JSON Lines), without brackets and commas between them`;
  return new BillingError("invalid_input", "json_list", text, { details: { field: "file", file } });
}
