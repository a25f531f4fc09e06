// Columns as PostgreSQL array literals: one statement text, planned once per connection, takes any number of rows.

import type { Value } from "./tx.ts";

/** A literal for `?::bigint[]`. */
export function intArray(values: readonly Value[]): string {
  // Array.join would print null as nothing.
  return values.includes(null)
    ? `{${values.map((value) => value ?? "NULL").join(",")}}`
    : `{${values.join(",")}}`;
}

/** A literal for `?::text[]`; looking for what needs escaping once is cheaper than once per value. */
export function textArray(values: readonly Value[]): string {
  if (values.includes(null)) return `{${values.map(quotedOrNull).join(",")}}`;
  const isPlain = !ESCAPED.test(values.join(""));
  const texts = isPlain ? values : values.map(escaped);
  return `{"${texts.join('","')}"}`;
}

/**
 * An `INSERT … VALUES (?, …)` of one row as one of many, with an array per column and what to bind to it; undefined when
 * the statement has no such row.
 */
export function insertOfMany(
  sql: string,
  rows: readonly (readonly Value[])[],
): { sql: string; values: string[] } | undefined {
  const tuple = `VALUES (${rows[0]?.map(() => "?").join(", ")})`;
  if (!sql.includes(tuple)) return undefined;
  const { source, values } = columnsOf(rows);
  return { sql: sql.replace(tuple, source), values };
}

const ESCAPED = /["\\]/;

function columnsOf(rows: readonly (readonly Value[])[]): { source: string; values: string[] } {
  const width = rows[0]?.length ?? 0;
  const [outer, inner, names, values]: [string[], string[], string[], string[]] = [[], [], [], []];
  for (let index = 0; index < width; index += 1) {
    const column = rows.map((row) => row[index] as Value);
    const sample = column.find((value) => value !== null);
    if (sample === undefined) {
      outer.push("NULL");
      continue;
    }
    const isText = typeof sample === "string";
    outer.push(`c${index}`);
    names.push(`c${index}`);
    inner.push(isText ? "?::text[]" : "?::bigint[]");
    values.push(isText ? textArray(column) : intArray(column));
  }
  const source = `SELECT ${outer.join(", ")} FROM unnest(${inner.join(", ")}) AS r (${names.join(", ")})`;
  return { source, values };
}

function escaped(value: Value): string {
  return String(value).replace(/["\\]/g, "\\$&");
}

function quotedOrNull(value: Value): string {
  return value === null ? "NULL" : `"${escaped(value)}"`;
}
