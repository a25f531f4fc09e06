// Reads of the rollups and, where only they know, of the events. Days come first in every key, so one tenant's period
// is a seek per day and never a scan over other tenants.

import { dayOf } from "../../kernel/index.ts";
import type { Reader, Value } from "../../store/index.ts";
import { ROLLED_UP_DIMENSIONS, SUMS_OF_EVENTS, SUMS_OF_ROLLUPS } from "../metering/index.ts";
import type { Grouping, UsageSource } from "./usage-query.ts";

/** Groups as the database gives them: the asked-for columns, `day` as a number, and every sum as a bigint. */
export type UsageRow = Readonly<Record<string, string | bigint>>;

export interface DayRange {
  readonly first: number;
  readonly last: number;
}

const EVENT_EXPRESSIONS: Readonly<Record<string, string>> = { ...ROLLED_UP_DIMENSIONS, user: 'r."user"' };

/** The first and last UTC day on record of any tenant, or undefined. */
export async function recordedDaysAcrossTenants(reader: Reader): Promise<DayRange | undefined> {
  const row = await reader.get<{ first: bigint | null; last: bigint | null }>(
    "SELECT (SELECT min(day) FROM usage_by_day) AS first, (SELECT max(day) FROM usage_by_day) AS last",
  );
  if (row === undefined || row.first === null || row.last === null) return undefined;
  return { first: Number(row.first), last: Number(row.last) };
}

/** One tenant's sums over whole days. */
export function sumDays(
  tenant: string,
  days: DayRange,
  source: UsageSource,
  columns: readonly Grouping[],
  reader: Reader,
): Promise<UsageRow[]> {
  const { table, where, values, sums } = tableOf(source);
  return select(
    `WITH RECURSIVE asked (day) AS (
       SELECT CAST(? AS BIGINT) UNION ALL SELECT day + 1 FROM asked WHERE day < CAST(? AS BIGINT)
     ) SELECT {columns} ${sums} FROM asked CROSS JOIN ${table} AS r
     WHERE r.day = asked.day AND r.tenant = ? ${where} {group}`,
    [days.first, days.last, tenant, ...values],
    source,
    columns,
    reader,
  );
}

/** All tenants' sums over whole days. */
export function sumDaysAcrossTenants(
  days: DayRange,
  source: UsageSource,
  columns: readonly Grouping[],
  reader: Reader,
): Promise<UsageRow[]> {
  const { table, where, values, sums } = tableOf(source);
  return select(
    `SELECT {columns} ${sums} FROM ${table} AS r WHERE r.day >= ? AND r.day <= ? ${where} {group}`,
    [days.first, days.last, ...values],
    source,
    columns,
    reader,
  );
}

/** One tenant's sums over a part of a day, from its events. */
export function sumPartOfDay(
  tenant: string,
  part: { from: number; to: number },
  columns: readonly Grouping[],
  reader: Reader,
): Promise<UsageRow[]> {
  return select(
    `SELECT {columns} ${SUMS_OF_EVENTS} FROM usage_events AS r
     WHERE r.day = ? AND r.tenant = ? AND r.ts >= ? AND r.ts < ? {group}`,
    [dayOf(part.from), tenant, part.from, part.to],
    { kind: "events" },
    columns,
    reader,
  );
}

export function sumPartOfDayAcrossTenants(
  part: { from: number; to: number },
  columns: readonly Grouping[],
  reader: Reader,
): Promise<UsageRow[]> {
  return select(
    `SELECT {columns} ${SUMS_OF_EVENTS} FROM usage_events AS r WHERE r.day = ? AND r.ts >= ? AND r.ts < ? {group}`,
    [dayOf(part.from), part.from, part.to],
    { kind: "events" },
    columns,
    reader,
  );
}

function tableOf(source: UsageSource): { table: string; where: string; values: Value[]; sums: string } {
  if (source.kind === "days") return { table: "usage_by_day", where: "", values: [], sums: SUMS_OF_ROLLUPS };
  if (source.kind === "events") return { table: "usage_events", where: "", values: [], sums: SUMS_OF_EVENTS };
  const where = "AND r.dimension = ?";
  return { table: "usage_by_dimension", where, values: [source.dimension], sums: SUMS_OF_ROLLUPS };
}

/** Columns come from this map alone, never from text that a caller sent. */
function expressionOf(column: Grouping, source: UsageSource): string {
  if (source.kind === "dimension" && column === source.dimension) return "r.value";
  if (column === "day" || column === "week" || column === "month") return "r.day";
  const expression = source.kind === "events" ? EVENT_EXPRESSIONS[column] : undefined;
  return expression ?? `r.${column}`;
}

function select(
  template: string,
  values: readonly Value[],
  source: UsageSource,
  columns: readonly Grouping[],
  reader: Reader,
): Promise<UsageRow[]> {
  const named = columns.map((column) => `${expressionOf(column, source)} AS "${column}"`);
  const group = columns.map((column) => expressionOf(column, source));
  // Without columns an aggregate gives one row of NULLs for no rows at all: HAVING leaves it out.
  const end = group.length === 0 ? "HAVING count(*) > 0" : `GROUP BY ${group.join(", ")}`;
  const sql = template
    .replace("{columns}", named.map((column) => `${column},`).join(" "))
    .replace("{group}", end);
  return reader.all<UsageRow>(sql, values);
}
