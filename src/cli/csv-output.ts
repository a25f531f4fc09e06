// CSV that spreadsheets open as data: RFC 4180, and no text that they would run as a formula.

import type { UsageTotals } from "../domain/analytics/index.ts";

const FORMULA = /^[=+\-@\t\r＝＋－＠]/;

/** A record with its line end: texts, of which null is an empty cell, then numbers, which stay exact numbers. */
export function csvLine(
  texts: readonly (string | null)[],
  numbers: readonly (number | UsageTotals["costUsd"])[],
): string {
  return `${[...texts.map(textCell), ...numbers.map((number) => number.toFixed())].join(",")}\r\n`;
}

function textCell(text: string | null): string {
  if (text === null) return "";
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
