// Many rows as one bound value: the same statement text for any number of rows, on both engines.

import type { Dialect, Value } from "./tx.ts";

type ColumnKind = "text" | "int";

/** The rows of one JSON parameter as a table expression; bind it with {@link jsonOf}. */
export function rowsFrom(dialect: Dialect, columns: Readonly<Record<string, ColumnKind>>): string {
  const json = dialect === "postgres" ? "v" : "value";
  const list = Object.entries(columns).map(([name, kind], index) =>
    kind === "text" ? `${json} ->> ${index} AS ${name}` : `CAST(${json} ->> ${index} AS BIGINT) AS ${name}`,
  );
  const source = dialect === "postgres" ? "jsonb_array_elements(?::jsonb) AS e(v)" : "json_each(?)";
  return `(SELECT ${list.join(", ")} FROM ${source})`;
}

/** Integers travel as text: JSON numbers would be rounded. */
export function jsonOf(rows: readonly (readonly Value[])[]): string {
  return JSON.stringify(rows.map((row) => row.map((value) => (value === null ? null : String(value)))));
}
