import type { Decimal } from "decimal.js";
import { divideHalfUp, formatDecimal, joinMoney, usdToDecimal } from "../../kernel/index.ts";
import type { ReconciliationGrouping, ReconciliationSelection } from "./reconciliation-query.ts";
import { RECONCILED_SUMS } from "./reconciliation-store.ts";
import { byKey, keyOf } from "./usage-report.ts";
import type { UsageRow } from "./usage-store.ts";

/** Our cost beside the provider's, of the same events. Amounts are exact. */
export interface ReconciliationTotals {
  /** All events. */
  readonly events: number;
  /** Those for which the provider named a cost. Only they are in the amounts. */
  readonly reconciledEvents: number;
  readonly costUsd: Decimal;
  readonly providerCostUsd: Decimal;
  /** Ours minus the provider's: negative is what we miss. */
  readonly differenceUsd: Decimal;
  /**
   * Ours divided by the provider's, as decimal text of up to 6 fraction digits, rounded half up: "0.973512". Null where
   * the provider's is 0.
   */
  readonly captureRate: string | null;
}

export interface ReconciliationGroup extends ReconciliationTotals {
  /** A value per grouping; null is usage that names none. Days are ISO instants of their start, UTC. */
  readonly key: Readonly<Partial<Record<ReconciliationGrouping, string | null>>>;
}

/** What we computed and what providers say they charged. The groups sum to `total`, to the last digit. */
export interface Reconciliation {
  readonly from: Date | null;
  readonly to: Date | null;
  readonly currency: "USD";
  readonly total: ReconciliationTotals;
  /** In time order where `day` is among the groupings, else by the provider's cost, largest first. */
  readonly groups: readonly ReconciliationGroup[];
}

type Column = "events" | (typeof RECONCILED_SUMS)[number];
type Sums = Record<Column, bigint>;

const RATE_DIGITS = 6;
const COLUMNS: readonly Column[] = ["events", ...RECONCILED_SUMS];

/**
 * @param counted rows with `events`: all of them.
 * @param reconciled rows with the sums of those events that carry a provider's cost.
 */
export function reconciliationOf(
  selection: ReconciliationSelection,
  counted: readonly UsageRow[],
  reconciled: readonly UsageRow[],
): Reconciliation {
  const { from, to, by } = selection;
  const total = emptySums();
  const groups = new Map<string, { key: ReconciliationGroup["key"]; sums: Sums }>();
  const add = (row: UsageRow, columns: readonly Column[]) => {
    const key = keyOf(row, by);
    const text = JSON.stringify(by.map((grouping) => key[grouping]));
    const group = groups.get(text) ?? { key, sums: emptySums() };
    groups.set(text, group);
    for (const sums of [group.sums, total]) {
      for (const column of columns) sums[column] += row[column] as bigint;
    }
  };
  for (const row of counted) add(row, ["events"]);
  for (const row of reconciled) add(row, RECONCILED_SUMS);
  const found = [...groups.values()]
    .filter(({ sums }) => COLUMNS.some((column) => sums[column] !== 0n))
    .map(({ key, sums }) => ({ key, ...totalsOf(sums) }));
  return {
    from: from === undefined ? null : new Date(from),
    to: to === undefined ? null : new Date(to),
    currency: "USD",
    total: totalsOf(total),
    groups: by.length === 0 ? [] : found.sort(by.includes("day") ? byKey : byProviderCost),
  };
}

function emptySums(): Sums {
  return Object.fromEntries(COLUMNS.map((column) => [column, 0n])) as Sums;
}

function totalsOf(sums: Sums): ReconciliationTotals {
  const ours = joinMoney(sums.cost_hi, sums.cost_lo);
  const providers = joinMoney(sums.provider_cost_hi, sums.provider_cost_lo);
  return {
    events: Number(sums.events),
    reconciledEvents: Number(sums.reconciled_events),
    costUsd: usdToDecimal(ours),
    providerCostUsd: usdToDecimal(providers),
    differenceUsd: usdToDecimal(ours - providers),
    captureRate: providers === 0n ? null : rateOf(ours, providers),
  };
}

function rateOf(ours: bigint, providers: bigint): string {
  return formatDecimal(divideHalfUp(ours * 10n ** BigInt(RATE_DIGITS), providers), RATE_DIGITS);
}

function byProviderCost(a: ReconciliationGroup, b: ReconciliationGroup): number {
  return b.providerCostUsd.comparedTo(a.providerCostUsd) || byKey(a, b);
}
