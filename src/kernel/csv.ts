// CSV that spreadsheets open as data: RFC 4180, and no text that they would run as a formula.

const FORMULA = /^[=+\-@\t\r＝＋－＠]/;

/** A cell of text, or a number as exact decimal text. */
export type Cell = string | null | { readonly number: string };

/**
 * A record with its line end. Text that a spreadsheet would run as a formula gets a quote before it.
 *
 * @example
 * csvLine(["a,b", null, { number: "1.5" }]); // '"a,b",,1.5\r\n'
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(",")}\r\n`;
}

function cellText(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "object") return cell.number;
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
