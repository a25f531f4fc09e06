// What a budget is, checked and exact. Amounts are in the measure's unit: pico-USD, or a count.

import type { CompiledScope, Scope } from "./scope.ts";

export const BUDGET_MEASURES = Object.freeze(["usd", "tokens", "debates", "calls"] as const);
export type BudgetMeasure = (typeof BUDGET_MEASURES)[number];

/** Which money a `usd` budget counts: what the provider takes, or what the tenant owes. */
export type BudgetMoney = "cost" | "charge";

export const BUDGET_PERIODS = Object.freeze([
  "daily",
  "weekly",
  "monthly",
  "quarterly",
  "annual",
  "total",
] as const);
export type BudgetPeriodName = (typeof BUDGET_PERIODS)[number];

export const THRESHOLD_ACTIONS = Object.freeze([
  "notify",
  "warn",
  "soft_limit",
  "hard_limit",
  "suspend",
] as const);
export type ThresholdAction = (typeof THRESHOLD_ACTIONS)[number];

/** A share of the limit, in hundredths of a percent, and what happens when it is reached. */
export interface Threshold {
  readonly bps: number;
  readonly action: ThresholdAction;
}

export const DEFAULT_THRESHOLDS: readonly Threshold[] = Object.freeze([
  Object.freeze({ bps: 5_000, action: "notify" }),
  Object.freeze({ bps: 7_500, action: "warn" }),
  Object.freeze({ bps: 9_000, action: "soft_limit" }),
  Object.freeze({ bps: 10_000, action: "hard_limit" }),
]);

/** Spending beyond the limit is admitted, up to `cap` beyond it, and marked. */
export interface Overage {
  /** Decimal text: what the overage is to be charged at, in multiples of its price. */
  readonly multiplier: string;
  /** Null: none. */
  readonly cap: bigint | null;
}

/** Who hears of a crossed threshold. */
export type Recipient =
  | { readonly email: string }
  | { readonly webhook: string; readonly secret?: string | undefined };

export type BudgetStatus = "active" | "suspended" | "closed";
/** '' while it is not suspended. Only what a threshold suspended is resumed by a raised limit. */
export type SuspendedBy = "" | "threshold" | "caller";
/** '' is the tenant; what the tenant's plan owns changes with the subscription alone. */
type BudgetOwner = "" | "plan";

/** A budget's definition. */
export interface Budget {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly measure: BudgetMeasure;
  readonly money: BudgetMoney;
  readonly period: BudgetPeriodName;
  readonly zone: string;
  /** Epoch ms; null: calendar periods. */
  readonly anchor: number | null;
  /** Null: unlimited. */
  readonly limit: bigint | null;
  /** Lowest first. */
  readonly thresholds: readonly Threshold[];
  readonly overage: Overage | null;
  readonly rollover: boolean;
  readonly failOpen: boolean;
  readonly notify: readonly Recipient[];
  readonly status: BudgetStatus;
  readonly suspendedBy: SuspendedBy;
  readonly owner: BudgetOwner;
  /** Epoch ms: usage before it is not counted. */
  readonly countsFrom: number;
  /** Start of the first period whose thresholds were all judged by the present limit and list. */
  readonly termsSince: number;
  readonly createdAt: number;
}

/** A definition with what is computed from it once. */
export interface LiveBudget extends Budget {
  readonly compiled: CompiledScope;
  /** Start of the counter's period that an instant belongs to; undefined where the budget does not count yet. */
  periodStartAt(ts: number): number | undefined;
  /** The smallest share of the limit at which it refuses; null: never. */
  readonly refusesAtBps: number | null;
}

/** Lets one user's requests pass a limit for a while. */
export interface Override {
  readonly tenant: string;
  readonly id: string;
  /** '': every budget of the tenant that it owns itself. */
  readonly budget: string;
  readonly user: string;
  /** Epoch ms. */
  readonly until: number;
  /** Null: no limit. */
  readonly limit: bigint | null;
}
