// The specification's words for a budget's period and thresholds, as the engine knows them.

import type { BudgetInput, BudgetPeriodName, ThresholdInput } from "../domain/budgets/index.ts";
import { type DecimalInput, formatDecimal, invalidInput, parseDecimal } from "../kernel/index.ts";
import { checkFields } from "./checked-call.ts";

/** How often a budget begins anew, in UTC; weeks begin on Monday. */
export const BudgetPeriod = Object.freeze({
  DAILY: "daily",
  WEEKLY: "weekly",
  MONTHLY: "monthly",
  QUARTERLY: "quarterly",
  ANNUAL: "annual",
  /** Never: one amount for all times, counted from the budget's creation. */
  UNLIMITED: "unlimited",
});
export type BudgetPeriod = (typeof BudgetPeriod)[keyof typeof BudgetPeriod];

/** What happens when a share of a budget is reached. */
export const BudgetAction = Object.freeze({
  NOTIFY: "notify",
  WARN: "warn",
  SOFT_LIMIT: "soft_limit",
  /** Nothing more is admitted. */
  HARD_LIMIT: "hard_limit",
  /** The same, and not in the next period either, until it is resumed, reset or raised. */
  SUSPEND: "suspend",
  /** What is beyond the budget is admitted and marked as overage. */
  ALLOW_WITH_CHARGES: "allow_with_charges",
});
export type BudgetAction = (typeof BudgetAction)[keyof typeof BudgetAction];

export interface BudgetThreshold {
  /** A share of the amount: 0.5, or "0.995". Up to 4 decimals. */
  readonly percentage: DecimalInput;
  readonly action: BudgetAction;
}

/** How spending beyond a budget is taken. */
export interface OverageTerms {
  /** Default false, or what a threshold says. */
  readonly allowOverage?: boolean | undefined;
  /** What overage is to be charged at, in multiples of its price. Default 1.5. */
  readonly overageRateMultiplier?: DecimalInput | undefined;
  /** The most beyond the amount; absent: no end. */
  readonly maxOverageUsd?: DecimalInput | undefined;
}

const DEFAULT_THRESHOLDS: readonly BudgetThreshold[] = [
  { percentage: "0.5", action: BudgetAction.NOTIFY },
  { percentage: "0.75", action: BudgetAction.WARN },
  { percentage: "0.9", action: BudgetAction.SOFT_LIMIT },
  { percentage: "1", action: BudgetAction.HARD_LIMIT },
];
const DEFAULT_MULTIPLIER = "1.5";
const ACTIONS: readonly string[] = Object.values(BudgetAction);

/** @throws BillingError invalid_input `invalid_choice`. */
export function periodName(period: BudgetPeriod): BudgetPeriodName {
  if (!Object.values(BudgetPeriod).includes(period))
    throw invalidInput("period", "invalid_choice", "period must be one of BudgetPeriod");
  return period === BudgetPeriod.UNLIMITED ? "total" : period;
}

/**
 * Thresholds and overage of a budget. `autoSuspend` suspends it when all of it is spent.
 *
 * @throws BillingError invalid_input naming the threshold, or `autoSuspend` where thresholds contradict it.
 */
export function termsOf(
  thresholds: readonly BudgetThreshold[] = DEFAULT_THRESHOLDS,
  autoSuspend: boolean | undefined,
  overage: OverageTerms = {},
): Pick<BudgetInput, "thresholds" | "overage"> {
  if (!Array.isArray(thresholds))
    throw invalidInput("thresholds", "invalid_type", "thresholds must be a list");
  const given = thresholds.map((threshold, index) => thresholdOf(threshold, `thresholds[${index}]`));
  const suspends = given.some(({ action }) => action === BudgetAction.SUSPEND);
  if (autoSuspend === false && suspends)
    throw invalidInput("autoSuspend", "contradiction", "autoSuspend is false, and a threshold suspends");
  const charges = given.some(({ action }) => action === BudgetAction.ALLOW_WITH_CHARGES);
  const isOver = overage.allowOverage ?? charges;
  const kept = given.map(({ percent, action }): ThresholdInput => {
    // Overage is a budget's, and its threshold an alert.
    return { percent, action: action === BudgetAction.ALLOW_WITH_CHARGES ? "notify" : action };
  });
  const rest = kept.filter(({ percent }) => percent !== "100");
  // Who admits overage does not mean to be stopped where it begins.
  const suspended =
    (autoSuspend ?? !isOver) ? [...rest, { percent: "100", action: "suspend" as const }] : kept;
  return { thresholds: suspended, overage: isOver ? overageOf(overage) : null };
}

function overageOf({ overageRateMultiplier = DEFAULT_MULTIPLIER, maxOverageUsd }: OverageTerms) {
  return { multiplier: overageRateMultiplier, ...(maxOverageUsd !== undefined && { cap: maxOverageUsd }) };
}

function thresholdOf(threshold: BudgetThreshold, field: string): { percent: string; action: BudgetAction } {
  checkFields(threshold, ["percentage", "action"], field);
  const { percentage, action } = threshold;
  if (!ACTIONS.includes(action))
    throw invalidInput(`${field}.action`, "invalid_choice", `${field}.action must be one of BudgetAction`);
  // The same digits, the point two places on.
  const percent = formatDecimal(parseDecimal(percentage, 4, `${field}.percentage`), 2);
  return { percent, action };
}
