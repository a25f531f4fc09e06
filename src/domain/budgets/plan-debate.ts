// Debates and the plan that gives them: what of a request the plan's budget meets, where a debate counts, and which events
// tell the same debate.

import { DEBATE } from "./amounts.ts";
import type { BudgetBook, CounterRef } from "./budget-book.ts";
import type { Spend, ToldEvent } from "./hold-store.ts";
import type { CheckedRequest } from "./request.ts";

/** What a request meets. A plan's budget is about debates: what is none neither needs it nor waits for it. */
export function matchesOf(
  book: BudgetBook,
  { tenant, dimensions, at, type }: Pick<CheckedRequest, "tenant" | "dimensions" | "at" | "type">,
): CounterRef[] {
  const refs = book.matches(tenant, dimensions, at);
  return type === DEBATE ? refs : refs.filter(({ budget }) => budget.owner !== "plan");
}

/**
 * The key of a debate of the plan: one per debate and period. No key of a caller's holds a control character, so none is this
 * one. Undefined where the tenant has no budget of a plan.
 */
export function debateKey(
  book: BudgetBook,
  { tenant, at }: Pick<CheckedRequest, "tenant" | "at">,
  debate: string,
): string | undefined {
  const periodStart = planPeriod(book, tenant, at);
  return periodStart === undefined ? undefined : `debate\u001f${periodStart}\u001f${debate}`;
}

/**
 * Whether an event tells the usage of a spend that names it, and counts in its place. A debate of a plan is told by its own
 * event alone: of that debate, in the plan's same period, not taken back. So no event stands for two debates.
 */
export function tells(
  book: BudgetBook,
  event: ToldEvent,
  { tenant, dimensions, at, debates }: Pick<Spend, "tenant" | "dimensions" | "at" | "debates">,
): boolean {
  const period = planPeriod(book, tenant, at);
  if (debates === 0n || period === undefined) return true;
  const isItsOwn = event.debate !== "" && event.debate === dimensions.debate;
  if (!isItsOwn || !event.stands || event.type !== DEBATE || event.quantity < debates) return false;
  return planPeriod(book, tenant, event.ts) === period;
}

/** The start of the period of the tenant's plan that an instant is in; undefined where it has no budget of a plan. */
function planPeriod(book: BudgetBook, tenant: string, at: number): number | undefined {
  return book.matches(tenant, NAMELESS, at).find(({ budget }) => budget.owner === "plan")?.periodStart;
}

/** A plan's budget is about all of its tenant's debates, whatever they name. */
const NAMELESS = { workspace: "", user: "", agent: "", debate: "", provider: "", model: "" };
