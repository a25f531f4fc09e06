import type { Decimal } from "decimal.js";
import { DAY_MS, HOUR_MS, periodAt } from "../../kernel/index.ts";
import type { Reader } from "../../store/index.ts";
import type { LiveBudget } from "./budget.ts";
import { amountDecimal } from "./decision-view.ts";
import { seriesOf } from "./usage-sum-store.ts";

export const TREND_STEPS = Object.freeze(["hour", "day", "week", "month"] as const);
export type TrendStep = (typeof TREND_STEPS)[number];

export interface TrendPoint {
  readonly from: Date;
  readonly spent: Decimal;
}

/** What was spent within [from, to), per step in UTC, weeks from Monday; steps without spend are left out. */
export async function trendOf(
  budget: LiveBudget,
  query: { readonly by: TrendStep; readonly from: number; readonly to: number },
  reader: Reader,
): Promise<TrendPoint[]> {
  const { by, from, to } = query;
  const step = by === "hour" ? HOUR_MS : DAY_MS;
  const sums = new Map<number, bigint>();
  for (const [start, spent] of await seriesOf(budget, from, to, step, reader)) {
    const key = by === "week" || by === "month" ? periodAt(start, by).start : start;
    sums.set(key, (sums.get(key) ?? 0n) + spent);
  }
  return [...sums]
    .filter(([, spent]) => spent !== 0n)
    .sort(([a], [b]) => a - b)
    .map(([start, spent]) => ({ from: new Date(start), spent: amountDecimal(budget.measure, spent) }));
}
