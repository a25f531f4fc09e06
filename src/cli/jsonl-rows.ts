import { BillingError, invalidInput } from "../kernel/index.ts";
import { EVENT_COLUMNS } from "./event-columns.ts";
import { type EventDraft, problemOf, type RowBlock } from "./row.ts";
import type { LineBlock } from "./text-lines.ts";

/**
 * The events of JSON lines, one object a line; blank lines are skipped. A line that is no such object, or has a field
 * that an event does not have, is a problem of that line.
 *
 * @throws BillingError invalid_input `empty_file`.
 */
export async function* jsonlRows(
  blocks: AsyncIterable<LineBlock>,
  file: string,
): AsyncGenerator<RowBlock, void, undefined> {
  let isEmpty = true;
  for await (const block of blocks) {
    const rows: RowBlock = { events: [], lines: [], problems: [] };
    for (let index = 0; index < block.lines.length; index += 1) {
      const text = block.lines[index] as string;
      const line = block.first + index;
      const fault = block.faults.get(index);
      if (fault !== undefined) rows.problems.push({ line, ...fault });
      if (text === "" || text.trim() === "") continue;
      addRow(rows, line, text);
    }
    if (rows.events.length > 0 || rows.problems.length > 0) isEmpty = false;
    yield rows;
  }
  if (isEmpty) {
    const text = `${file} is empty: expected one JSON object a line`;
    throw new BillingError("invalid_input", "empty_file", text, { details: { field: "file", file } });
  }
}

function addRow(rows: RowBlock, line: number, text: string): void {
  try {
    rows.events.push(eventOfJson(text));
    rows.lines.push(line);
  } catch (error) {
    if (!(error instanceof BillingError)) throw error;
    rows.problems.push(problemOf(line, error));
  }
}

function eventOfJson(text: string): EventDraft {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidInput("event", "invalid_type", "a line must be one JSON object");
  }
  const event: Record<string, unknown> = {};
  const source = value as Record<string, unknown>;
  // Only names from the map are ever set, so that no key of a file reaches a prototype.
  for (const key of Object.keys(source)) {
    const field = key === "metadata" ? key : EVENT_COLUMNS.get(key)?.field;
    const quoted = JSON.stringify(key.slice(0, 80));
    if (field === undefined)
      throw invalidInput(key.slice(0, 80), "unknown_field", `${quoted} is not a field of an event`);
    if (event[field] !== undefined) {
      throw invalidInput(
        field,
        "duplicate_field",
        `${quoted} gives ${field}, which another name in the row gives too`,
      );
    }
    event[field] = source[key] ?? undefined;
  }
  return event as EventDraft;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidInput("event", "invalid_json", `the line is not valid JSON: ${(error as Error).message}`);
  }
}
