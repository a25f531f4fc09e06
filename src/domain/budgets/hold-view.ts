import type { Decimal } from "decimal.js";
import type { LiveBudget } from "./budget.ts";
import type { BudgetBook } from "./budget-book.ts";
import {
  amountDecimal,
  amountWords,
  counterValues,
  describe,
  type Judged,
  periodView,
} from "./decision-view.ts";
import { type HoldFlag, holdFlags } from "./hold-flags.ts";
import type { Hold, HoldState, Spend } from "./hold-store.ts";
import { hasReached, shareBps } from "./thresholds.ts";

/** What a hold keeps free in one budget, in the budget's measure. */
export interface HeldPart {
  readonly budget: string;
  readonly amount: Decimal;
  readonly remaining: Decimal;
}

/** Room taken in every budget that the request met. */
export interface BudgetHold {
  /** '' where a budget failed open: there is nothing to settle. */
  readonly id: string;
  readonly tenant: string;
  readonly state: HoldState;
  readonly expiresAt: Date;
  readonly parts: readonly HeldPart[];
  /** Id of the event or spend that settled it; null for none. */
  readonly settledBy: string | null;
  readonly flags: readonly HoldFlag[];
  /** True where the budgets could not be read and all of them say `failOpen`: nothing is held. */
  readonly failOpen: boolean;
  readonly warnings: readonly string[];
}

/** What one budget says to a request, in its measure. */
export interface BudgetDecision {
  readonly budget: string;
  readonly name: string;
  /** The values of `each` dimensions that were judged. */
  readonly counter: Readonly<Record<string, string>>;
  readonly allowed: boolean;
  readonly limit: Decimal | null;
  readonly spent: Decimal;
  readonly held: Decimal;
  readonly requested: Decimal;
  /** Up to where it admits; null: no end. */
  readonly remaining: Decimal | null;
  readonly percent: number | null;
  /** What of the request is beyond the limit. */
  readonly overage: Decimal;
  readonly overageMultiplier: string | null;
  readonly period: { readonly name: string; readonly from: string; readonly to: string | null };
}

/** Spend on record. */
export interface BudgetSpend {
  readonly id: string;
  readonly at: Date;
  readonly costUsd: Decimal;
  readonly tokens: number;
  /** False where an event tells the same: it counts in place of this. */
  readonly counted: boolean;
  readonly eventId: string | null;
  readonly holdId: string | null;
  readonly flags: readonly HoldFlag[];
}

export function holdView(hold: Hold, book: BudgetBook, judged: readonly Judged[] = []): BudgetHold {
  return {
    id: hold.id,
    tenant: hold.tenant,
    state: hold.state,
    expiresAt: new Date(hold.expiresAt),
    // Of a budget that was closed since, nothing is held that anybody could still use.
    parts: hold.parts.flatMap(({ budget, amount, remaining }) => {
      const measure = book.find(hold.tenant, budget)?.measure;
      if (measure === undefined) return [];
      return [
        { budget, amount: amountDecimal(measure, amount), remaining: amountDecimal(measure, remaining) },
      ];
    }),
    settledBy: hold.settledBy === "" ? null : hold.settledBy,
    flags: holdFlags(hold.flags),
    failOpen: false,
    warnings: judged.flatMap(warningsOf),
  };
}

export function failOpenHold(tenant: string, expiresAt: number): BudgetHold {
  return {
    ...{
      id: "",
      tenant,
      state: "open",
      expiresAt: new Date(expiresAt),
      parts: [],
      settledBy: null,
      flags: [],
    },
    ...{ failOpen: true, warnings: ["the budgets could not be read; they say to admit then"] },
  };
}

export function spendView(spend: Spend): BudgetSpend {
  return {
    id: spend.id,
    at: new Date(spend.at),
    costUsd: amountDecimal("usd", spend.cost),
    tokens: Number(spend.tokens),
    counted: spend.state === "counted",
    eventId: spend.eventId === "" ? null : spend.eventId,
    holdId: spend.hold === "" ? null : spend.hold,
    flags: holdFlags(spend.flags),
  };
}

export function decisionView({ budget, counter, requested, decision }: Judged): BudgetDecision {
  const of = (amount: bigint) => amountDecimal(budget.measure, amount);
  const used = (counter.spent > 0n ? counter.spent : 0n) + counter.held;
  const rest = decision.ceiling === null ? null : decision.ceiling - used;
  return {
    budget: budget.id,
    name: budget.name,
    counter: counterValues(budget, counter.counter),
    allowed: decision.reason === null,
    limit: budget.limit === null ? null : of(budget.limit + counter.carry),
    spent: of(counter.spent),
    held: of(counter.held),
    requested: of(requested),
    remaining: rest === null ? null : of(rest > 0n ? rest : 0n),
    percent: percentOf(budget, counter),
    overage: of(decision.overage),
    overageMultiplier: decision.overage > 0n ? (budget.overage?.multiplier ?? null) : null,
    period: periodView(budget, counter.periodStart),
  };
}

/** What a request would reach and nobody refuses: warnings and soft limits, and overage. */
export function warningsOf({ budget, counter, requested, decision }: Judged): string[] {
  if (budget.limit === null || decision.reason !== null) return [];
  const limit = budget.limit + counter.carry;
  const after = (counter.spent > 0n ? counter.spent : 0n) + counter.held + requested;
  const reached = budget.thresholds.filter(
    ({ bps, action }) => (action === "warn" || action === "soft_limit") && hasReached(after, limit, bps),
  );
  const highest = reached.at(-1);
  const warnings: string[] = [];
  const whose = describe(budget, counter.counter);
  if (highest !== undefined)
    warnings.push(
      `the budget ${whose} would be at or above ${highest.bps / 100} % of ${amountWords(budget.measure, limit)}`,
    );
  if (decision.overage > 0n)
    warnings.push(`${amountWords(budget.measure, decision.overage)} would be overage of the budget ${whose}`);
  return warnings;
}

/** Percent of the limit that is spent, with 2 decimals, rounded down. */
export function percentOf(
  budget: Pick<LiveBudget, "limit">,
  counter: { readonly spent: bigint; readonly carry: bigint },
): number | null {
  const share = shareBps(counter.spent, budget.limit === null ? null : budget.limit + counter.carry);
  return share === null ? null : Number(share) / 100;
}
