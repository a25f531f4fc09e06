// What a caller may say about a budget, checked and made exact.

import { BillingError, type DecimalInput, invalidInput, parseDecimal, periodAt } from "../../kernel/index.ts";
import {
  BUDGET_MEASURES,
  BUDGET_PERIODS,
  type Budget,
  type BudgetMeasure,
  type BudgetMoney,
  type BudgetPeriodName,
  DEFAULT_THRESHOLDS,
  type Overage,
  type Recipient,
  THRESHOLD_ACTIONS,
  type Threshold,
  type ThresholdAction,
} from "./budget.ts";
import { periodOf } from "./live-budget.ts";
import { parseScope, type Scope } from "./scope.ts";
import { booleanOf, fieldsOf, instantOf, oneOf, textOf } from "./text-input.ts";

export interface ThresholdInput {
  /** Percent of the limit, up to 2 decimals: 75, or "99.5". */
  readonly percent: DecimalInput;
  readonly action: ThresholdAction;
}

export interface OverageInput {
  /** What the overage is to be charged at, in multiples of its price. Default 1. */
  readonly multiplier?: DecimalInput | undefined;
  /** The most beyond the limit; absent: no end. */
  readonly cap?: DecimalInput | undefined;
}

/** What of a budget can be changed later. */
export interface BudgetTermsInput {
  readonly name?: string | undefined;
  /** Dollars, or a count; 0 blocks everything, null is unlimited. */
  readonly limit?: DecimalInput | null | undefined;
  /** Default: 50 % notify, 75 % warn, 90 % soft_limit, 100 % hard_limit. Without hard_limit and suspend it never refuses. */
  readonly thresholds?: readonly ThresholdInput[] | undefined;
  /** Null or absent: none. */
  readonly overage?: OverageInput | null | undefined;
  readonly notify?: readonly Recipient[] | undefined;
  /** Whether spending is admitted while the database cannot be read. */
  readonly failOpen?: boolean | undefined;
}

/** A new budget. */
export interface BudgetInput extends BudgetTermsInput {
  /** Absent: a new one is made. With one, a retry finds the budget that it made. */
  readonly id?: string | undefined;
  readonly tenant?: string | undefined;
  readonly name: string;
  /** Absent: all usage of the tenant. */
  readonly scope?: Scope | undefined;
  /** Default `usd`. */
  readonly measure?: BudgetMeasure | undefined;
  /** Default `cost`. */
  readonly money?: BudgetMoney | undefined;
  /** Default `monthly`. */
  readonly period?: BudgetPeriodName | undefined;
  /** IANA zone in which periods are cut. Default UTC. */
  readonly zone?: string | undefined;
  /** Periods are counted from here; absent: calendar periods. */
  readonly anchor?: Date | undefined;
  /** The unused rest of a period, up to one limit, is added to the next one. */
  readonly rollover?: boolean | undefined;
  /** Of a `total` budget: since when it counts. Absent: its creation. */
  readonly from?: Date | undefined;
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

const TERMS = [
  "name",
  "limit",
  "thresholds",
  "overage",
  "notify",
  "failOpen",
] as const satisfies (keyof BudgetTermsInput)[];
const FIELDS: readonly string[] = [
  ...TERMS,
  ...[
    "id",
    "tenant",
    "scope",
    "measure",
    "money",
    "period",
    "zone",
    "anchor",
    "rollover",
    "from",
    "actor",
    "reason",
  ],
];
export const CHANGE_FIELDS: readonly string[] = [...TERMS, "actor", "reason"];

/** $9,000,000 in pico-USD: what fits 64 bits with room to spare. */
const MAX_USD = 9_000_000n * 10n ** 12n;
const MAX_COUNT = 10n ** 18n;
const MAX_THRESHOLDS = 20;
const MAX_BPS = 1_000_000n;
const MAX_RECIPIENTS = 20;

/** What the ids of budgets that a plan owns begin with. */
export const PLAN_ID = "plan_";

/** @throws BillingError invalid_input `reserved_id` for one that only a plan's budget can have. */
export function budgetIdOf(value: unknown): string {
  const id = textOf(value, "id");
  if (!id.startsWith(PLAN_ID)) return id;
  throw invalidInput("id", "reserved_id", `id must not begin with ${PLAN_ID}: those are the plan's budgets`);
}

/** @throws BillingError invalid_input naming the field. */
export function parseBudget(input: unknown, whose: { tenant: string; id: string; now: number }): Budget {
  const given = fieldsOf(input, FIELDS, "budget");
  const { now } = whose;
  const measure = given.measure === undefined ? "usd" : oneOf(given.measure, BUDGET_MEASURES, "measure");
  const period = given.period === undefined ? "monthly" : oneOf(given.period, BUDGET_PERIODS, "period");
  const zone = given.zone === undefined ? "UTC" : textOf(given.zone, "zone");
  const anchor = instantOf(given.anchor, "anchor") ?? null;
  if (period === "total" && anchor !== null)
    throw invalidInput(
      "anchor",
      "invalid_period",
      "a total budget has one period: give `from` in place of `anchor`",
    );
  if (period !== "total" && given.from !== undefined)
    throw invalidInput(
      "from",
      "invalid_period",
      "`from` is for a total budget; others count from the start of their period",
    );
  const frame = { period, zone, anchor, countsFrom: 0 };
  // Also the check of the zone.
  periodAt(now, "day", { zone });
  const countsFrom = period === "total" ? (instantOf(given.from, "from") ?? now) : periodOf(frame, now).start;
  const rollover = booleanOf(given.rollover, "rollover");
  if (rollover && period === "total")
    throw invalidInput("rollover", "invalid_period", "a total budget has no next period to roll over to");
  const limit = limitOf(given.limit, measure, "limit");
  return {
    tenant: whose.tenant,
    id: whose.id,
    name: textOf(given.name, "name"),
    scope: parseScope(given.scope),
    measure,
    money: given.money === undefined ? "cost" : oneOf(given.money, ["cost", "charge"], "money"),
    ...{ period, zone, anchor },
    limit: limit === undefined ? null : limit,
    thresholds: thresholdsOf(given.thresholds) ?? DEFAULT_THRESHOLDS,
    overage: overageOf(given.overage, measure) ?? null,
    rollover,
    failOpen: booleanOf(given.failOpen, "failOpen"),
    notify: recipientsOf(given.notify) ?? [],
    ...{ status: "active", suspendedBy: "", owner: "" },
    ...{ countsFrom, termsSince: countsFrom, createdAt: now },
  };
}

/** The budget with changed terms. */
export function changedBudget(budget: Budget, input: Readonly<Record<string, unknown>>): Budget {
  const limit = limitOf(input.limit, budget.measure, "limit");
  const overage = overageOf(input.overage, budget.measure);
  return {
    ...budget,
    name: input.name === undefined ? budget.name : textOf(input.name, "name"),
    limit: limit === undefined ? budget.limit : limit,
    thresholds: thresholdsOf(input.thresholds) ?? budget.thresholds,
    overage: overage === undefined ? budget.overage : overage,
    notify: recipientsOf(input.notify) ?? budget.notify,
    failOpen: input.failOpen === undefined ? budget.failOpen : booleanOf(input.failOpen, "failOpen"),
  };
}

/** In the measure's unit; undefined for what is absent. */
export function limitOf(input: unknown, measure: BudgetMeasure, field: string): bigint | null | undefined {
  if (input === undefined || input === null) return input;
  const limit = parseDecimal(input as DecimalInput, measure === "usd" ? 12 : 0, field);
  if (limit < 0n) throw invalidInput(field, "negative", `${field} must not be negative`);
  if (measure === "usd" && limit > MAX_USD)
    throw invalidInput(field, "too_large", `${field} must be at most 9000000; leave it out for no limit`);
  if (limit > (measure === "usd" ? MAX_USD : MAX_COUNT))
    throw invalidInput(field, "too_large", `${field} must be at most ${MAX_COUNT}`);
  return limit;
}

function thresholdsOf(input: unknown): Threshold[] | undefined {
  if (input === undefined) return undefined;
  if (!Array.isArray(input) || input.length > MAX_THRESHOLDS)
    throw invalidInput(
      "thresholds",
      "invalid_type",
      `thresholds must be a list of at most ${MAX_THRESHOLDS}`,
    );
  const thresholds = input.map((item, index) => {
    const field = `thresholds[${index}]`;
    const { percent, action } = fieldsOf(item, ["percent", "action"], field);
    const bps = parseDecimal(percent as DecimalInput, 2, `${field}.percent`);
    if (bps < 1n || bps > MAX_BPS)
      throw invalidInput(`${field}.percent`, "out_of_range", `${field}.percent must be from 0.01 to 10000`);
    return { bps: Number(bps), action: oneOf(action, THRESHOLD_ACTIONS, `${field}.action`) };
  });
  thresholds.sort((a, b) => a.bps - b.bps);
  const repeated = thresholds.find(({ bps }, index) => thresholds[index - 1]?.bps === bps);
  if (repeated !== undefined)
    throw invalidInput("thresholds", "repeated", `thresholds name ${repeated.bps / 100} % twice`);
  return thresholds;
}

function overageOf(input: unknown, measure: BudgetMeasure): Overage | null | undefined {
  if (input === undefined || input === null) return input;
  const { multiplier, cap } = fieldsOf(input, ["multiplier", "cap"], "overage");
  const factor =
    multiplier === undefined ? 10_000n : parseDecimal(multiplier as DecimalInput, 4, "overage.multiplier");
  if (factor < 0n)
    throw invalidInput("overage.multiplier", "negative", "overage.multiplier must not be negative");
  const most = limitOf(cap, measure, "overage.cap");
  return { multiplier: String(multiplier ?? "1"), cap: most === undefined ? null : most };
}

function recipientsOf(input: unknown): Recipient[] | undefined {
  if (input === undefined) return undefined;
  if (!Array.isArray(input) || input.length > MAX_RECIPIENTS)
    throw invalidInput(
      "notify",
      "invalid_type",
      `notify must be a list of at most ${MAX_RECIPIENTS} recipients`,
    );
  return input.map((item, index) => {
    const field = `notify[${index}]`;
    const { email, webhook, secret } = fieldsOf(item, ["email", "webhook", "secret"], field);
    if ((email === undefined) === (webhook === undefined))
      throw invalidInput(field, "invalid_recipient", `${field} must name an email or a webhook`);
    if (email !== undefined) {
      if (secret !== undefined)
        throw invalidInput(field, "invalid_recipient", `${field}: only a webhook has a secret`);
      const address = textOf(email, `${field}.email`, 320);
      if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(address))
        throw invalidInput(`${field}.email`, "invalid_email", `${field}.email must be one plain address`);
      return { email: address };
    }
    const url = textOf(webhook, `${field}.webhook`, 2_000);
    if (!/^https?:\/\//.test(url) || !URL.canParse(url))
      throw invalidInput(
        `${field}.webhook`,
        "invalid_url",
        `${field}.webhook must be an http or https address`,
      );
    return secret === undefined
      ? { webhook: url }
      : { webhook: url, secret: textOf(secret, `${field}.secret`) };
  });
}

/** The budget's own words for "there is another one under this id". */
export function budgetExists(id: string): BillingError {
  const text = `another budget has the id ${JSON.stringify(id)}; nothing was changed`;
  return new BillingError("conflict", "budget_exists", text, { details: { budget: id } });
}
