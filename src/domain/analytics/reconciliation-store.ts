// Reads of the events that carry a provider's own cost. They are few, and have a partial index of their own: each query
// seeks in it day by day.

import type { Reader } from "../../store/index.ts";
import type { ReconciliationGrouping } from "./reconciliation-query.ts";
import type { DayRange, UsageRow } from "./usage-store.ts";

/** Events of whole days, of which those from `from` and before `to` count. Times are epoch ms. */
export interface ReconciledRange {
  readonly days: DayRange;
  readonly from: number;
  readonly to: number;
}

/** What is summed of the events that carry a provider's cost. Money is two integers, so that no sum can overflow. */
export const RECONCILED_SUMS = Object.freeze([
  "reconciled_events",
  "cost_hi",
  "cost_lo",
  "provider_cost_hi",
  "provider_cost_lo",
] as const);

/** A row that takes another one back has the sign -1 and negated money. */
const SUMS = `sum(r.sign) AS reconciled_events,
  sum(r.cost / 1000000) AS cost_hi, sum(r.cost % 1000000) AS cost_lo,
  sum(r.provider_cost / 1000000) AS provider_cost_hi, sum(r.provider_cost % 1000000) AS provider_cost_lo`;

// The plus hides the column from the planner: it would else seek by time, over all events of the days.
const WITHIN = "r.provider_cost IS NOT NULL AND +r.ts >= ? AND +r.ts < ?";

/** One tenant's events that carry a provider's cost: a seek per day, whatever other tenants have on record. */
export function sumReconciled(
  tenant: string,
  { days, from, to }: ReconciledRange,
  columns: readonly ReconciliationGrouping[],
  reader: Reader,
): Promise<UsageRow[]> {
  return reader.all<UsageRow>(
    `WITH RECURSIVE asked (day) AS (
       SELECT CAST(? AS BIGINT) UNION ALL SELECT day + 1 FROM asked WHERE day < CAST(? AS BIGINT)
     ) SELECT ${named(columns)} ${SUMS} FROM asked CROSS JOIN usage_events AS r
     WHERE r.day = asked.day AND r.tenant = ? AND ${WITHIN} ${grouped(columns)}`,
    [days.first, days.last, tenant, from, to],
  );
}

/** All tenants' events that carry a provider's cost. */
export function sumReconciledAcrossTenants(
  { days, from, to }: ReconciledRange,
  columns: readonly ReconciliationGrouping[],
  reader: Reader,
): Promise<UsageRow[]> {
  return reader.all<UsageRow>(
    `SELECT ${named(columns)} ${SUMS} FROM usage_events AS r
     WHERE r.day >= ? AND r.day <= ? AND ${WITHIN} ${grouped(columns)}`,
    [days.first, days.last, from, to],
  );
}

/** Columns are checked groupings, each the name of a column. */
function named(columns: readonly ReconciliationGrouping[]): string {
  return columns.map((column) => `r.${column} AS ${column},`).join(" ");
}

/** Without columns an aggregate gives one row of NULLs for no rows at all: HAVING leaves it out. */
function grouped(columns: readonly ReconciliationGrouping[]): string {
  if (columns.length === 0) return "HAVING count(*) > 0";
  return `GROUP BY ${columns.map((column) => `r.${column}`).join(", ")}`;
}
