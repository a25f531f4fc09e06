/** A column of a table for people. */
export interface TableColumn {
  readonly title: string;
  readonly align: "left" | "right";
}

/** Aligned lines: titles, a rule, the rows, and below another rule the footer. Cells must be printable. */
export function tableLines(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  footer?: readonly string[],
): string[] {
  const titles = columns.map(({ title }) => title);
  const all = [titles, ...rows, ...(footer === undefined ? [] : [footer])];
  const widths = columns.map((_, index) =>
    all.reduce((width, row) => Math.max(width, length(row[index])), 0),
  );
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => pad(row[index] ?? "", widths[index] ?? 0, align))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(titles), rule, ...rows.map(line), ...(footer === undefined ? [] : [rule, line(footer)])];
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const blanks = " ".repeat(Math.max(0, width - length(text)));
  return align === "left" ? text + blanks : blanks + text;
}

function length(text: string | undefined): number {
  return text === undefined ? 0 : [...text].length;
}
