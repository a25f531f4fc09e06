// A budget's counters straight from events and spends: what a new budget starts with, and what `verify` compares.

import type { Reader } from "../../store/index.ts";
import type { LiveBudget } from "./budget.ts";
import type { CounterId } from "./counter-store.ts";
import { periodOf } from "./live-budget.ts";
import { sumsOf, usageSpan } from "./usage-sum-store.ts";

/** What was spent in every period since the budget counts, per counter; in order of periods. */
export async function spentByPeriod(
  budget: LiveBudget,
  reader: Reader,
): Promise<(CounterId & { readonly spent: bigint })[]> {
  const { tenant, id, countsFrom } = budget;
  const span = await usageSpan(tenant, countsFrom, reader);
  if (span === undefined) return [];
  const rows: (CounterId & { spent: bigint })[] = [];
  for (let ts = span.first; ts <= span.last; ) {
    const { start, end } = periodOf(budget, ts);
    const from = Math.max(start, span.first);
    const to = Math.min(end, span.last + 1);
    for (const [counter, spent] of await sumsOf(budget, from, to, reader))
      rows.push({ tenant, budget: id, counter, periodStart: start, spent });
    ts = end;
  }
  return rows;
}
