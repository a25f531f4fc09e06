// How far budgets are, and pages of what was spent and alerted.

import { decodeCursor, encodeCursor, invalidInput, type Page } from "../../kernel/index.ts";
import type { Reader } from "../../store/index.ts";
import { pageOfAlerts } from "./alert-store.ts";
import type { LiveBudget } from "./budget.ts";
import { findBudget, listBudgets } from "./budget-store.ts";
import { type AlertRecord, alertView, type CounterStatus, counterStatus } from "./budget-view.ts";
import { carriedOver } from "./carry.ts";
import { type Counter, countersOfBudget } from "./counter-store.ts";
import { pageOfSpends, type Spend } from "./hold-store.ts";
import { type BudgetSpend, spendView } from "./hold-view.ts";
import { liveBudget, periodOf } from "./live-budget.ts";
import { notFound } from "./text-input.ts";

export interface PageQuery {
  readonly budget?: string | undefined;
  readonly cursor?: string | undefined;
  /** Default 50, at most 500. */
  readonly limit?: number | undefined;
}

const MAX_COUNTERS = 1_000;

/** How far the counters of a budget are in the period of an instant; at most 1,000. */
export async function statusOf(budget: LiveBudget, at: number, reader: Reader): Promise<CounterStatus[]> {
  const counters = await countersAt(budget, at, reader);
  return counters.slice(0, MAX_COUNTERS).map((counter) => counterStatus(budget, counter));
}

/** A budget's counters in the period of an instant; of one that has one counter also where nothing was counted yet. */
export async function countersAt(budget: LiveBudget, at: number, reader: Reader): Promise<Counter[]> {
  const { start } = periodOf(budget, at);
  // It does not count yet.
  if (start < budget.countsFrom) return [];
  const counters = (await countersOfBudget(budget.tenant, budget.id, start, reader)).filter(
    ({ periodStart }) => periodStart === start,
  );
  if (counters.length === 0 && budget.compiled.each.length === 0) {
    const ref = { budget, counter: "", periodStart: start };
    const carried = [...(await carriedOver([ref], at, reader)).values()][0] ?? { carry: 0n };
    const key = { tenant: budget.tenant, budget: budget.id, counter: "", periodStart: start };
    counters.push({ ...key, spent: 0n, held: 0n, alertedBps: 0, resets: 0, seal: "", ...carried });
  }
  return counters;
}

/** Spend without events, newest first: of a tenant, or what of it a budget is about. */
export async function transactionPage(
  tenant: string,
  query: PageQuery,
  reader: Reader,
): Promise<Page<BudgetSpend>> {
  const limit = pageLimit(query.limit);
  const position = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ["number", "string"]);
  const budget =
    query.budget === undefined
      ? undefined
      : liveBudget(existing(await findBudget(tenant, query.budget, reader), query.budget));
  const items: BudgetSpend[] = [];
  let before = position as [number, string] | undefined;
  for (;;) {
    const page = await pageOfSpends(tenant, { before, limit: limit + 1 }, reader);
    for (const spend of page) {
      if (items.length === limit) return { items, nextCursor: encodeCursor(before as [number, string]) };
      before = [spend.at, spend.id];
      if (budget === undefined || isAbout(budget, spend.dimensions)) items.push(spendView(spend));
    }
    if (page.length <= limit) return { items, nextCursor: null };
  }
}

/** Crossed thresholds, newest first. */
export async function alertPage(
  tenant: string,
  query: PageQuery,
  reader: Reader,
): Promise<Page<AlertRecord>> {
  const limit = pageLimit(query.limit);
  const position = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ["string"]);
  const budgets = new Map(
    (await listBudgets(tenant, true, reader)).map((budget) => [budget.id, liveBudget(budget)]),
  );
  if (query.budget !== undefined) existing(budgets.get(query.budget), query.budget);
  const before = position === undefined ? undefined : cursorSeq(String(position[0]));
  const rows = await pageOfAlerts(tenant, { budget: query.budget, before, limit: limit + 1 }, reader);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.flatMap((row) => {
      const budget = budgets.get(row.budget);
      return budget === undefined ? [] : [alertView(row, budget)];
    }),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor([String(last.seq)]) : null,
  };
}

/** @throws BillingError not_found `budget_not_found`. */
export function existing<Found>(found: Found | undefined, id: string): Found {
  if (found === undefined) throw notFound("budget", id);
  return found;
}

function isAbout(budget: LiveBudget, dimensions: Spend["dimensions"]): boolean {
  const { fixed, each } = budget.compiled;
  return (
    fixed.every((dimension) => dimensions[dimension] === budget.scope[dimension]) &&
    each.every((dimension) => dimensions[dimension] !== "")
  );
}

function pageLimit(limit: number | undefined): number {
  if (limit === undefined) return 50;
  if (!Number.isInteger(limit) || limit < 1 || limit > 500)
    throw invalidInput("limit", "out_of_range", "limit must be a whole number from 1 to 500");
  return limit;
}

function cursorSeq(text: string): bigint {
  if (!/^[0-9]{1,18}$/.test(text))
    throw invalidInput("cursor", "invalid_cursor", "cursor must be one that this list has returned");
  return BigInt(text);
}
