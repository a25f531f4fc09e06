import { BillingError } from "../kernel/index.ts";
import { csvRecord } from "./csv-record.ts";
import { columnsOf, type EventColumn, eventOfCells } from "./event-columns.ts";
import { problemOf, type RowBlock } from "./row.ts";
import { type LineBlock, type LineFault, MAX_LINE_BYTES } from "./text-lines.ts";

/**
 * The events of CSV lines whose first line that is not blank names the columns.
 *
 * A row that cannot be read is a problem of its first line, and reading goes on with the next line.
 *
 * @throws BillingError invalid_input for a header that is missing or names a column that is unknown or there twice.
 */
export async function* csvRows(
  blocks: AsyncIterable<LineBlock>,
  file: string,
): AsyncGenerator<RowBlock, void, undefined> {
  let columns: EventColumn[] | undefined;
  let held: LineBlock | undefined;
  for await (const next of blocks) {
    const block: LineBlock = held === undefined ? next : joined(held, next);
    let start = 0;
    if (columns === undefined) {
      start = block.lines.findIndex((line, index) => line !== "" || block.faults.has(index));
      if (start === -1) continue;
      columns = headerOf(block, start, file);
      start += 1;
    }
    const { rows, open } = readRows(block, start, columns, false);
    held = open === undefined ? undefined : tail(block, open);
    yield rows;
  }
  if (columns === undefined) throw emptyFile(file);
  if (held !== undefined) yield readRows(held, 0, columns, true).rows;
}

/** `open`: where a record begins whose end is in a block to come. */
function readRows(block: LineBlock, start: number, columns: readonly EventColumn[], isLast: boolean) {
  const { first, lines, faults } = block;
  const rows: RowBlock = { events: [], lines: [], problems: [] };
  for (let index = start; index < lines.length; ) {
    const line = first + index;
    const fault = faults.get(index);
    if (fault !== undefined) rows.problems.push({ line, ...fault });
    if (lines[index] === "") {
      index += 1;
      continue;
    }
    const record = csvRecord(lines, index, MAX_LINE_BYTES);
    if (record === "open" && !isLast) return { rows, open: index };
    if (record === "open" || "fault" in record) {
      const reason = record === "open" ? "a quote that is opened here is never closed" : record.fault;
      rows.problems.push({ line, code: "invalid_csv", message: reason });
      index += 1;
      continue;
    }
    addRow(rows, line, columns, record.cells);
    index += record.lines;
  }
  return { rows, open: undefined };
}

function addRow(
  rows: RowBlock,
  line: number,
  columns: readonly EventColumn[],
  cells: readonly string[],
): void {
  if (cells.length !== columns.length) {
    const message = `the row has ${cells.length} fields, the header names ${columns.length}`;
    rows.problems.push({ line, code: "field_count", message });
    return;
  }
  try {
    rows.events.push(eventOfCells(columns, cells));
    rows.lines.push(line);
  } catch (error) {
    if (!(error instanceof BillingError)) throw error;
    rows.problems.push(problemOf(line, error));
  }
}

function headerOf(block: LineBlock, index: number, file: string): EventColumn[] {
  const fault = block.faults.get(index);
  const record =
    fault === undefined ? csvRecord(block.lines, index, MAX_LINE_BYTES) : { fault: faultOf(fault) };
  if (record === "open" || "fault" in record || record.lines > 1) {
    const reason = record !== "open" && "fault" in record ? record.fault : "a quote is not closed";
    const text = `${file} line ${block.first + index}: the header cannot be read: ${reason}`;
    throw new BillingError("invalid_input", "invalid_header", text, { details: { field: "file", file } });
  }
  return columnsOf(record.cells, file);
}

function faultOf({ message }: LineFault): string {
  return `${message}; is this a CSV file?`;
}

function joined(held: LineBlock, next: LineBlock): LineBlock {
  const offset = held.lines.length;
  const faults = new Map(held.faults);
  for (const [index, fault] of next.faults) faults.set(index + offset, fault);
  return { first: held.first, lines: [...held.lines, ...next.lines], faults };
}

function tail({ first, lines, faults }: LineBlock, start: number): LineBlock {
  const later = [...faults].filter(([index]) => index >= start);
  return {
    first: first + start,
    lines: lines.slice(start),
    faults: new Map(later.map(([index, fault]) => [index - start, fault])),
  };
}

function emptyFile(file: string): BillingError {
  const text = `${file} is empty: expected a first line that names the columns`;
  return new BillingError("invalid_input", "empty_file", text, { details: { field: "file", file } });
}
