// A crossed threshold, and who is told of it inside and after its transaction.

import { digest } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import type { Budget, Recipient, Threshold, ThresholdAction } from "./budget.ts";
import type { Counter, CounterId } from "./counter-store.ts";
import type { AlertLevel } from "./thresholds.ts";
import { levelOf } from "./thresholds.ts";

/** One threshold of one counter in one period: it is raised once for ever (again only after a reset of the counter). */
export interface BudgetAlert extends CounterId {
  /** Follows from what it is about: the same crossing has the same id whoever finds it. */
  readonly id: string;
  readonly resets: number;
  readonly bps: number;
  readonly action: ThresholdAction;
  readonly level: AlertLevel;
  /** In the budget's measure. */
  readonly spent: bigint;
  readonly limit: bigint;
  readonly raisedAt: number;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string;
}

/** An alert with what its receivers need of the budget. */
export interface RaisedAlert extends BudgetAlert {
  readonly name: string;
  readonly measure: Budget["measure"];
  readonly period: Budget["period"];
  readonly notify: readonly Recipient[];
}

/**
 * Takes crossed thresholds in the transaction that crossed them: what it writes exists exactly if they do. Called once
 * per alert that is committed; in a transaction that is rolled back and run again it is called again.
 */
export interface AlertSink {
  raise(tx: Tx, alerts: readonly RaisedAlert[]): Promise<void>;
}

export function alertOf(budget: Budget, counter: Counter, threshold: Threshold, now: number): RaisedAlert {
  const { tenant, budget: id, counter: key, periodStart, resets, spent, carry } = counter;
  return {
    id: alertId({ ...counter, bps: threshold.bps }),
    ...{ tenant, budget: id, counter: key, periodStart, resets, spent },
    bps: threshold.bps,
    action: threshold.action,
    level: levelOf(threshold.bps),
    limit: (budget.limit ?? 0n) + carry,
    raisedAt: now,
    acknowledgedAt: null,
    acknowledgedBy: "",
    name: budget.name,
    measure: budget.measure,
    period: budget.period,
    notify: budget.notify,
  };
}

function alertId(key: CounterId & { readonly resets: number; readonly bps: number }): string {
  const { tenant, budget, counter, periodStart, resets, bps } = key;
  return `alr_${digest(JSON.stringify([tenant, budget, counter, periodStart, resets, bps])).slice(0, 26)}`;
}
