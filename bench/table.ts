/** A column of a table: its heading and how a row fills it. */
export type Column<Row> = readonly [heading: string, cell: (row: Row) => string];

/** Rows as aligned text, words to the left and figures to the right. */
export function textTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map(([heading]) => heading),
    ...rows.map((row) => columns.map(([, cell]) => cell(row))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => (line[index] ?? "").length)));
  const isFigure = columns.map((_, index) =>
    lines.slice(1).every((line) => /^[\d.,–-]+$/.test(line[index] ?? "")),
  );
  return lines
    .map((line) =>
      line
        .map((cell, index) => {
          const width = widths[index] ?? 0;
          return isFigure[index] ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** 12345.6 as "12,346". */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A number with so many decimals. */
export function fixed(decimals: number): (value: number) => string {
  return (value) => value.toFixed(decimals);
}
