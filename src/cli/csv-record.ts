// One CSV record (RFC 4180) out of lines. Lines without a quote, and cells that are quoted only as a habit, take a short
// way; csv-parse reads the rest.

import { CsvError, parse } from "csv-parse/sync";

/** A record that spans `lines` lines; or why there is none; or `open`: its end is beyond the lines given. */
export type CsvRecord =
  | { readonly cells: readonly string[]; readonly lines: number }
  | { readonly fault: string }
  | "open";

/** The record that begins at `lines[start]`, of at most `maxLength` characters. */
export function csvRecord(lines: readonly string[], start: number, maxLength: number): CsvRecord {
  const first = lines[start] as string;
  if (!first.includes('"')) return { cells: first.split(","), lines: 1 };
  const cells = simpleCells(first);
  if (cells !== undefined) return { cells, lines: 1 };
  const alone = parsed(first, 1);
  return alone === "open" ? spanning(lines, start, maxLength) : alone;
}

/** Cells that are free of quotes, or quoted without a comma, a quote or a line break inside. */
function simpleCells(line: string): string[] | undefined {
  const cells = line.split(",");
  for (let index = 0; index < cells.length; index += 1) {
    const cell = cells[index] as string;
    const quote = cell.indexOf('"');
    if (quote === -1) continue;
    const last = cell.length - 1;
    if (quote !== 0 || last === 0 || cell.indexOf('"', 1) !== last) return undefined;
    cells[index] = cell.slice(1, last);
  }
  return cells;
}

/** Quotes come in pairs, so only a line with an odd number of them can close the one that is open. */
function spanning(lines: readonly string[], start: number, maxLength: number): CsvRecord {
  let length = (lines[start] as string).length;
  for (let end = start + 1; end < lines.length; end += 1) {
    const line = lines[end] as string;
    length += line.length + 1;
    if (length > maxLength) return { fault: "a quote that is opened here is not closed within 1 MiB" };
    if (hasOddQuotes(line)) return parsed(lines.slice(start, end + 1).join("\n"), end + 1 - start);
  }
  return "open";
}

function parsed(text: string, lines: number): CsvRecord {
  try {
    const [cells] = parse(text, { relax_column_count: true });
    return cells === undefined ? { fault: "the record is empty" } : { cells, lines };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === "CSV_QUOTE_NOT_CLOSED") return "open";
    return { fault: faultText(error) };
  }
}

function faultText(error: CsvError): string {
  if (error.code === "INVALID_OPENING_QUOTE") {
    return "a quote inside a field that does not begin with one; quote the whole field and double the quotes in it";
  }
  return "text after a closing quote; double the quotes inside a quoted field";
}

function hasOddQuotes(line: string): boolean {
  let odd = false;
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) odd = !odd;
  return odd;
}
