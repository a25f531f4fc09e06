// The names under which a file may give the fields of an event, and how their values are read.

import type { UsageEvent } from "../domain/metering/index.ts";
import { BillingError, invalidInput } from "../kernel/index.ts";
import type { EventDraft } from "./row.ts";

export interface EventColumn {
  /** As it is written in the file. */
  readonly name: string;
  readonly field: keyof UsageEvent;
  readonly isCount: boolean;
}

const TEXTS = {
  id: ["id", "event_id"],
  timestamp: ["timestamp"],
  tenant: ["tenant", "tenant_id"],
  type: ["type"],
  provider: ["provider"],
  model: ["model"],
  workspace: ["workspace", "workspace_id"],
  user: ["user", "user_id"],
  agent: ["agent", "agent_id"],
  debate: ["debate", "debate_id"],
  serviceTier: ["service_tier"],
  usageState: ["usage_state"],
  providerCostUsd: ["provider_cost_usd"],
  holdId: ["hold_id"],
} as const;
const COUNTS = {
  tokensIn: ["tokens_in", "input_tokens"],
  cachedTokens: ["cached_tokens"],
  cacheWriteTokens: ["cache_write_tokens"],
  cacheWrite1hTokens: ["cache_write_1h_tokens"],
  tokensOut: ["tokens_out", "output_tokens"],
  reasoningTokens: ["reasoning_tokens"],
  webSearches: ["web_searches"],
  quantity: ["quantity"],
} as const;
const NAMES: Readonly<Record<Exclude<keyof UsageEvent, "metadata" | "usage">, readonly string[]>> = {
  ...TEXTS,
  ...COUNTS,
};

/** Every accepted column, in snake_case and camelCase. A Map: names come from files. */
export const EVENT_COLUMNS: ReadonlyMap<string, EventColumn> = new Map(
  Object.entries(NAMES).flatMap(([field, names]) =>
    names
      .flatMap((name) => [name, camelCase(name)])
      .map((name) => [name, { name, field: field as keyof typeof NAMES, isCount: field in COUNTS }]),
  ),
);

/** The accepted columns, for error messages and help. */
export const ACCEPTED_COLUMNS = Object.values(NAMES)
  .map((names) => names.join(" or "))
  .join(", ");

/**
 * The columns that a header row names.
 *
 * @throws BillingError invalid_input `unknown_column`, `duplicate_column` or `missing_column`, naming the column, or
 * `missing_header`.
 */
export function columnsOf(header: readonly string[], file: string): EventColumn[] {
  const byField = new Map<string, string>();
  if (!header.some((name) => EVENT_COLUMNS.has(name))) {
    const text = `${file}: the first line must name the columns; it names none of ${ACCEPTED_COLUMNS}`;
    throw headerError("missing_header", text, file, header[0] ?? "");
  }
  const columns = header.map((name) => {
    const column = EVENT_COLUMNS.get(name);
    const quoted = JSON.stringify(name.slice(0, 80));
    if (column === undefined) {
      const text = `${file}: unknown column ${quoted}; accepted are ${ACCEPTED_COLUMNS} (also in camelCase)`;
      throw headerError("unknown_column", text, file, name);
    }
    const other = byField.get(column.field);
    if (other !== undefined) {
      const also = other === name ? "is there twice" : `and ${JSON.stringify(other)} are the same column`;
      throw headerError("duplicate_column", `${file}: column ${quoted} ${also}; remove one`, file, name);
    }
    byField.set(column.field, name);
    return column;
  });
  if (!byField.has("id")) {
    const text = `${file}: there is no column id or event_id; without one a second import would count every row twice`;
    throw headerError("missing_column", text, file, "id");
  }
  return columns;
}

/**
 * The event that a row's cells give. An empty cell is no value.
 *
 * @throws BillingError invalid_input `invalid_count`, naming the column.
 */
export function eventOfCells(columns: readonly EventColumn[], cells: readonly string[]): EventDraft {
  const event: Record<string, string | number> = {};
  for (let index = 0; index < columns.length; index += 1) {
    const cell = cells[index] as string;
    if (cell === "") continue;
    const column = columns[index] as EventColumn;
    event[column.field] = column.isCount ? countOf(cell, column.name) : cell;
  }
  return event;
}

/** Digits only, so that nothing is guessed: `1e3`, `0x10`, `1.5` and ` 7` are mistakes, not numbers. */
function countOf(cell: string, column: string): number {
  let value = 0;
  for (let index = 0; index < cell.length; index += 1) {
    const digit = cell.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) throw badCount(cell, column);
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) throw badCount(cell, column);
  return value;
}

function badCount(cell: string, column: string): BillingError {
  const text = `${column} must be a whole number in plain digits up to ${Number.MAX_SAFE_INTEGER}, not ${JSON.stringify(cell.slice(0, 40))}`;
  return invalidInput(column, "invalid_count", text);
}

function headerError(code: string, message: string, file: string, column: string): BillingError {
  const details = { field: "file", file, line: 1, column: column.slice(0, 80) };
  return new BillingError("invalid_input", code, message, { details });
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
