import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import type { AlertRecord, RaisedAlert } from "../domain/budgets/index.ts";
import { formatUsd, usdToDecimal } from "../kernel/index.ts";

/** How far a budget is used: from 50, 75, 90 and 100 % on. */
export const BudgetAlertLevel = Object.freeze({
  INFO: "info",
  WARNING: "warning",
  CRITICAL: "critical",
  EXCEEDED: "exceeded",
});
export type BudgetAlertLevel = (typeof BudgetAlertLevel)[keyof typeof BudgetAlertLevel];

/** A threshold of a dollar budget that was reached: once per budget, counter, period and threshold. */
export interface BudgetAlert {
  readonly id: string;
  /** Of the stored budget. */
  readonly budgetId: string;
  readonly level: BudgetAlertLevel;
  /** The threshold, in percent of the limit. */
  readonly percent: number;
  readonly message: string;
  readonly currentSpendUsd: Decimal;
  readonly limitUsd: Decimal;
  readonly raisedAt: Date;
  readonly acknowledgedAt: Date | null;
  readonly acknowledgedBy: string | null;
}

/** What a callback is told: an alert of any tenant of this process. */
export interface TenantBudgetAlert extends BudgetAlert {
  readonly tenantId: string;
}

function raisedAlert(alert: RaisedAlert): TenantBudgetAlert {
  const percent = alert.bps / 100;
  const values = alert.counter === "" ? "" : ` (${(JSON.parse(alert.counter) as string[]).join(", ")})`;
  const amounts = `$${formatUsd(alert.spent)} of $${formatUsd(alert.limit)}`;
  return {
    id: alert.id,
    tenantId: alert.tenant,
    budgetId: alert.budget,
    level: alert.level,
    percent,
    message: `the budget "${alert.name}"${values} has reached ${percent} %: ${amounts}`,
    currentSpendUsd: usdToDecimal(alert.spent),
    limitUsd: usdToDecimal(alert.limit),
    raisedAt: new Date(alert.raisedAt),
    acknowledgedAt: null,
    acknowledgedBy: null,
  };
}

/** An alert on record. */
export function storedAlert(alert: AlertRecord): BudgetAlert {
  const { id, budget, level, percent, message, spent, limit, raisedAt, acknowledgedAt, acknowledgedBy } =
    alert;
  return {
    ...{ id, budgetId: budget, level, percent, message, raisedAt, acknowledgedAt, acknowledgedBy },
    currentSpendUsd: spent,
    limitUsd: limit,
  };
}

/**
 * Calls `callback` for each alert of the dollar budgets that `isOwn` names by id. As `BudgetService.addAlertCallback`:
 * after the commit, in this process only, and whatever it does or however long it takes reaches nobody else.
 */
export function onAlerts(
  billing: Billing,
  isOwn: (budgetId: string) => boolean,
  callback: (alert: TenantBudgetAlert) => unknown,
): () => void {
  return billing.budgets.addAlertCallback((alert) =>
    alert.measure === "usd" && isOwn(alert.budget) ? callback(raisedAlert(alert)) : undefined,
  );
}
