import { type PeriodUnit, periodAt } from "../../kernel/index.ts";
import type { Budget, BudgetPeriodName, LiveBudget, Threshold } from "./budget.ts";
import { compileScope } from "./scope.ts";

const UNITS: Readonly<Record<Exclude<BudgetPeriodName, "total">, PeriodUnit>> = Object.freeze({
  daily: "day",
  weekly: "week",
  monthly: "month",
  quarterly: "quarter",
  annual: "year",
});

/** After every instant: where a `total` budget's only period ends. */
export const END_OF_TIME = 8_000_000_000_000_000;
const KNOWN_PERIODS = 8;

/** A definition with what is computed from it once. */
export function liveBudget(budget: Budget): LiveBudget {
  const known: { start: number; end: number }[] = [];
  let last = { start: 0, end: 0 };
  return {
    ...budget,
    compiled: compileScope(budget.scope),
    refusesAtBps: refusesAtBps(budget.thresholds),
    periodStartAt(ts) {
      // Cutting periods in a time zone is slow, and most usage falls into the period of the usage before.
      if (last.start <= ts && ts < last.end) return last.start < budget.countsFrom ? undefined : last.start;
      let period = known.find(({ start, end }) => start <= ts && ts < end);
      if (period === undefined) {
        period = periodOf(budget, ts);
        if (known.length >= KNOWN_PERIODS) known.pop();
        known.unshift(period);
      }
      last = period;
      return period.start < budget.countsFrom ? undefined : period.start;
    },
  };
}

/** The period of a budget that contains an instant. Of `total`: all that it counts, or all before that. */
export function periodOf(
  { period, zone, anchor, countsFrom }: Pick<Budget, "period" | "zone" | "anchor" | "countsFrom">,
  ts: number,
): { start: number; end: number } {
  if (period === "total")
    return ts < countsFrom
      ? { start: Number.MIN_SAFE_INTEGER, end: countsFrom }
      : { start: countsFrom, end: END_OF_TIME };
  return periodAt(ts, UNITS[period], anchor === null ? { zone } : { zone, anchor });
}

/** The smallest share of the limit at which these thresholds refuse; null: never. */
export function refusesAtBps(thresholds: readonly Threshold[]): number | null {
  const refusing = thresholds.find(({ action }) => action === "hard_limit" || action === "suspend");
  return refusing?.bps ?? null;
}
