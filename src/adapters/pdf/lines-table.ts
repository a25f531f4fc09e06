// The table of lines: as wide as its figures need, over as many pages as it has.

import { setImmediate as breathe } from "node:timers/promises";
import type { Column, InvoiceLayout, Row } from "../../domain/invoices/index.ts";
import type { Block, Sheet } from "./sheet.ts";
import { BODY, CAPTION, HAIR, INK, NUMBER, SMALL } from "./styles.ts";
import type { TextStyle } from "./typesetter.ts";

const LEADING = 12.5;
const PADDING = 14;
const MIN_DESCRIPTION = 150;
const MAX_FIGURES = 130;

interface PlacedColumn extends Column {
  readonly x: number;
  readonly width: number;
}

/** So many lines at a time; then the process does what else there is to do. */
const AT_ONCE = 20;

/** Draws the lines under their heading, which comes again on every page. */
export async function drawLines(sheet: Sheet, { columns, rows }: InvoiceLayout): Promise<void> {
  const placed = await place(sheet, columns, rows);
  const heading = placed.map((column) =>
    blockOf(column, sheet.type.wrap(column.label.toUpperCase(), column.width, CAPTION), CAPTION),
  );
  const drawHead = () => {
    sheet.drawBlocks(heading, LEADING);
    sheet.y += 4;
    sheet.rule(INK, 1);
    sheet.y += 6;
  };
  sheet.keepTogether(5 * LEADING);
  drawHead();
  for (const [index, row] of rows.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await breathe();
    sheet.drawBlocks(
      placed.map((column) => cellOf(sheet, column, row)),
      LEADING,
      drawHead,
    );
    sheet.y += 4;
    sheet.rule(HAIR, 0.6);
    sheet.y += 4;
  }
}

/** Columns of figures take what their widest needs, the description what is left. */
async function place(
  sheet: Sheet,
  columns: readonly Column[],
  rows: readonly Row[],
): Promise<PlacedColumn[]> {
  const figures = columns.filter(({ key }) => key !== "description");
  const widest = figures.map(({ label }) => sheet.type.width(label.toUpperCase(), CAPTION));
  for (const [index, { cells }] of rows.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await breathe();
    for (const [column, { key }] of figures.entries())
      widest[column] = Math.max(widest[column] ?? 0, sheet.type.width(cells[key], NUMBER));
  }
  const wanted = widest.map((width) => Math.min(width + 1, MAX_FIGURES));
  const all = wanted.reduce((sum, width) => sum + width + PADDING, 0);
  const shrink = Math.min(1, (sheet.width - MIN_DESCRIPTION) / all);
  let x = sheet.left + sheet.width - all * shrink;
  const description = { x: sheet.left, width: x - sheet.left };
  return columns.map((column) => {
    const index = figures.indexOf(column);
    if (index === -1) return { ...column, ...description };
    const width = ((wanted[index] ?? 0) + PADDING) * shrink;
    x += width;
    return { ...column, x: x - width + PADDING, width: width - PADDING };
  });
}

function cellOf(sheet: Sheet, column: PlacedColumn, { cells, detail }: Row): Block {
  const { key, width } = column;
  if (key !== "description") return blockOf(column, sheet.type.wrap(cells[key], width, NUMBER), NUMBER);
  const block = blockOf(column, sheet.type.wrap(cells.description, width, BODY), BODY);
  if (detail === "") return block;
  const small = sheet.type.wrap(detail, width, SMALL).map((text) => ({ text, style: SMALL }));
  return { ...block, lines: [...block.lines, ...small] };
}

function blockOf({ key, x, width }: PlacedColumn, texts: readonly string[], style: TextStyle): Block {
  const align = key === "description" ? "start" : "end";
  return { x, width, align, lines: texts.map((text) => ({ text, style })) };
}
