import type { Decimal } from "decimal.js";
import type { BudgetAlert } from "./alert.ts";
import type {
  Budget,
  BudgetMeasure,
  BudgetMoney,
  BudgetPeriodName,
  BudgetStatus,
  LiveBudget,
  ThresholdAction,
} from "./budget.ts";
import type { Counter } from "./counter-store.ts";
import { ceilingOf, usedOf } from "./decide.ts";
import { amountDecimal, amountWords, counterValues, describe, periodView } from "./decision-view.ts";
import { percentOf } from "./hold-view.ts";
import type { Scope } from "./scope.ts";
import { type AlertLevel, hasReached, levelOf } from "./thresholds.ts";

/** A budget as callers see it. Amounts are in its measure: dollars, or a count. */
export interface BudgetRecord {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly scope: Scope;
  readonly measure: BudgetMeasure;
  readonly money: BudgetMoney;
  readonly period: BudgetPeriodName;
  readonly zone: string;
  readonly anchor: Date | null;
  /** Null: unlimited. */
  readonly limit: Decimal | null;
  readonly thresholds: readonly { readonly percent: number; readonly action: ThresholdAction }[];
  readonly overage: { readonly multiplier: string; readonly cap: Decimal | null } | null;
  readonly rollover: boolean;
  readonly failOpen: boolean;
  /** A webhook's secret is not shown. */
  readonly notify: readonly ({ readonly email: string } | { readonly webhook: string })[];
  readonly status: BudgetStatus;
  /** Null while it is not suspended. */
  readonly suspendedBy: "threshold" | "caller" | null;
  /** There only where the tenant's plan owns the budget: it changes with the subscription alone. */
  readonly owner?: "plan";
  readonly countsFrom: Date;
  readonly createdAt: Date;
}

/** How far one counter is in its period. */
export interface CounterStatus {
  /** The values of `each` dimensions; empty where the budget has one counter. */
  readonly counter: Readonly<Record<string, string>>;
  readonly spent: Decimal;
  readonly held: Decimal;
  /** With what was carried over; null: unlimited. */
  readonly limit: Decimal | null;
  readonly carriedOver: Decimal;
  /** Up to where it admits; null: no end. */
  readonly remaining: Decimal | null;
  readonly percent: number | null;
  /** Of the highest threshold that is reached. */
  readonly level: AlertLevel | "none";
  /** What is spent beyond the limit. */
  readonly overage: Decimal;
  readonly period: { readonly name: string; readonly from: string; readonly to: string | null };
}

export interface BudgetStatusView extends BudgetRecord {
  /** At most 1,000. */
  readonly counters: readonly CounterStatus[];
}

/** A crossed threshold. */
export interface AlertRecord {
  readonly id: string;
  readonly budget: string;
  readonly name: string;
  readonly counter: Readonly<Record<string, string>>;
  readonly percent: number;
  readonly action: ThresholdAction;
  readonly level: AlertLevel;
  readonly message: string;
  readonly spent: Decimal;
  readonly limit: Decimal;
  readonly period: { readonly name: string; readonly from: string; readonly to: string | null };
  readonly raisedAt: Date;
  readonly acknowledgedAt: Date | null;
  readonly acknowledgedBy: string | null;
}

export function budgetView(budget: Budget): BudgetRecord {
  const { id, tenant, name, scope, measure, money, period, zone, rollover, failOpen, status } = budget;
  const of = (amount: bigint) => amountDecimal(measure, amount);
  const { overage, suspendedBy } = budget;
  return {
    ...{ id, tenant, name, scope, measure, money, period, zone, rollover, failOpen, status },
    anchor: budget.anchor === null ? null : new Date(budget.anchor),
    limit: budget.limit === null ? null : of(budget.limit),
    thresholds: budget.thresholds.map(({ bps, action }) => ({ percent: bps / 100, action })),
    overage:
      overage === null
        ? null
        : { multiplier: overage.multiplier, cap: overage.cap === null ? null : of(overage.cap) },
    notify: budget.notify.map((recipient) =>
      "email" in recipient ? { email: recipient.email } : { webhook: recipient.webhook },
    ),
    suspendedBy: suspendedBy === "" ? null : suspendedBy,
    ...(budget.owner !== "" && { owner: budget.owner }),
    countsFrom: new Date(budget.countsFrom),
    createdAt: new Date(budget.createdAt),
  };
}

export function counterStatus(budget: LiveBudget, counter: Counter): CounterStatus {
  const of = (amount: bigint) => amountDecimal(budget.measure, amount);
  const limit = budget.limit === null ? null : budget.limit + counter.carry;
  const ceiling = ceilingOf(budget, counter.carry, undefined);
  const rest = ceiling === null ? null : ceiling - usedOf(counter);
  const reached =
    limit === null ? [] : budget.thresholds.filter(({ bps }) => hasReached(counter.spent, limit, bps));
  const highest = reached.at(-1);
  const beyond = limit === null ? 0n : counter.spent - limit;
  return {
    counter: counterValues(budget, counter.counter),
    spent: of(counter.spent),
    held: of(counter.held),
    limit: limit === null ? null : of(limit),
    carriedOver: of(counter.carry),
    remaining: rest === null ? null : of(rest > 0n ? rest : 0n),
    percent: percentOf(budget, counter),
    level: highest === undefined ? "none" : levelOf(highest.bps),
    overage: of(beyond > 0n ? beyond : 0n),
    period: periodView(budget, counter.periodStart),
  };
}

export function alertView(alert: BudgetAlert, budget: LiveBudget): AlertRecord {
  const of = (amount: bigint) => amountDecimal(budget.measure, amount);
  return {
    id: alert.id,
    budget: alert.budget,
    name: budget.name,
    counter: counterValues(budget, alert.counter),
    percent: alert.bps / 100,
    action: alert.action,
    level: alert.level,
    message: alertText(alert, budget),
    spent: of(alert.spent),
    limit: of(alert.limit),
    period: periodView(budget, alert.periodStart),
    raisedAt: new Date(alert.raisedAt),
    acknowledgedAt: alert.acknowledgedAt === null ? null : new Date(alert.acknowledgedAt),
    acknowledgedBy: alert.acknowledgedBy === "" ? null : alert.acknowledgedBy,
  };
}

function alertText(alert: BudgetAlert, budget: LiveBudget): string {
  const of = (amount: bigint) => amountWords(budget.measure, amount);
  const whose = describe(budget, alert.counter);
  return `the budget ${whose} has reached ${alert.bps / 100} %: ${of(alert.spent)} of ${of(alert.limit)}`;
}
