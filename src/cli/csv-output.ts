// Reports as CSV.

import type { UsageTotals } from "../domain/analytics/index.ts";
import { csvLine as lineOf } from "../kernel/index.ts";

/** A record with its line end: texts, of which null is an empty cell, then numbers, which stay exact numbers. */
export function csvLine(
  texts: readonly (string | null)[],
  numbers: readonly (number | UsageTotals["costUsd"])[],
): string {
  return lineOf([...texts, ...numbers.map((number) => ({ number: number.toFixed() }))]);
}
