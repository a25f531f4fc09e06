// Amounts and refusals in words and JSON.

import type { Decimal } from "decimal.js";
import { BillingError, formatUsd, isoInstant, PICO_PER_USD, usdToDecimal } from "../../kernel/index.ts";
import type { Budget, BudgetMeasure, LiveBudget } from "./budget.ts";
import type { Counter } from "./counter-store.ts";
import type { Decision } from "./decide.ts";
import { END_OF_TIME, periodOf } from "./live-budget.ts";

/** What one budget says to a request. */
export interface Judged {
  readonly budget: LiveBudget;
  readonly counter: Counter;
  readonly requested: bigint;
  readonly decision: Decision;
}

/** An amount of a measure as exact decimal text: dollars, or a count. */
export function amountText(measure: BudgetMeasure, amount: bigint): string {
  return measure === "usd" ? formatUsd(amount) : String(amount);
}

/** An amount of a measure as a Decimal: dollars, or a count. */
export function amountDecimal(measure: BudgetMeasure, amount: bigint): Decimal {
  return usdToDecimal(measure === "usd" ? amount : amount * PICO_PER_USD);
}

/** `$1.5`, or `3 calls`. */
export function amountWords(measure: BudgetMeasure, amount: bigint): string {
  return measure === "usd" ? `$${formatUsd(amount)}` : `${amount} ${measure}`;
}

/** The values of `each` dimensions that a counter stands for; empty where the budget has one counter. */
export function counterValues(budget: Pick<LiveBudget, "compiled">, counter: string): Record<string, string> {
  if (counter === "") return {};
  const values = JSON.parse(counter) as string[];
  return Object.fromEntries(budget.compiled.each.map((dimension, index) => [dimension, values[index] ?? ""]));
}

/** A refused request as an error: which budget, and how far it is. */
export function refusalError(judged: Judged): BillingError {
  const { decision } = judged;
  return new BillingError("limit_exceeded", decision.reason ?? "budget_exceeded", refusalText(judged), {
    details: refusalDetails(judged),
    retryable: false,
  });
}

export function refusalText({ budget, counter, requested, decision }: Judged): string {
  const whose = describe(budget, counter.counter);
  if (decision.reason === "budget_suspended") return `the budget ${whose} is suspended`;
  const of = (amount: bigint) => amountWords(budget.measure, amount);
  const spent = counter.spent > 0n ? counter.spent : 0n;
  return (
    `the budget ${whose} has no room for ${of(requested)}: ` +
    `${of(spent)} spent and ${of(counter.held)} held of ${of(decision.ceiling ?? 0n)}${periodWords(budget)}`
  );
}

function refusalDetails({ budget, counter, requested, decision }: Judged): Record<string, unknown> {
  const text = (amount: bigint) => amountText(budget.measure, amount);
  const limit = decision.ceiling === null ? null : text(decision.ceiling);
  return {
    budget: budget.id,
    ...(budget.owner !== "" && { owner: budget.owner }),
    name: budget.name,
    counter: counterValues(budget, counter.counter),
    measure: budget.measure,
    ...(budget.measure === "usd" ? { limitUsd: limit } : { limit }),
    spent: text(counter.spent),
    held: text(counter.held),
    requested: text(requested),
    period: periodView(budget, counter.periodStart),
  };
}

/** `null` is "open". */
export function periodView(budget: Budget, start: number): { name: string; from: string; to: string | null } {
  const { end } = periodOf(budget, start);
  return { name: budget.period, from: isoInstant(start), to: end === END_OF_TIME ? null : isoInstant(end) };
}

export function describe(budget: LiveBudget, counter: string): string {
  const values = Object.entries(counterValues(budget, counter)).map(([name, value]) => `${name} ${value}`);
  return values.length === 0 ? `"${budget.name}"` : `"${budget.name}" (${values.join(", ")})`;
}

function periodWords({ period }: Budget): string {
  return period === "total" ? "" : ` (${period})`;
}
