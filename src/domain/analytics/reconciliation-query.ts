import { invalidInput } from "../../kernel/index.ts";
import { parseUsageQuery, type UsageSelection } from "./usage-query.ts";

/** What a reconciliation can be grouped by. Days are cut in UTC. */
export const RECONCILIATION_GROUPINGS = Object.freeze(["tenant", "provider", "model", "day"] as const);
export type ReconciliationGrouping = (typeof RECONCILIATION_GROUPINGS)[number];

/** Costs within the half-open period [from, to); without them, all on record. */
export interface ReconciliationQuery {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly by?: readonly ReconciliationGrouping[] | undefined;
}

/** A checked query. Times are epoch ms. */
export interface ReconciliationSelection extends UsageSelection {
  readonly by: readonly ReconciliationGrouping[];
}

/** @throws BillingError invalid_input naming `from`, `to` or `by`. */
export function parseReconciliationQuery(query: ReconciliationQuery): ReconciliationSelection {
  const by = query.by ?? [];
  for (const grouping of by) {
    if (!RECONCILIATION_GROUPINGS.includes(grouping)) {
      const text = `by: ${JSON.stringify(grouping)} is no grouping of a reconciliation; use any of ${RECONCILIATION_GROUPINGS.join(", ")}`;
      throw invalidInput("by", "unknown_grouping", text);
    }
  }
  return { ...parseUsageQuery(query), by };
}
