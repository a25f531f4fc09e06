// The limit that a tenant has bought, as a budget: counted and refused like any other, changed by the subscription alone.

import type { Reader, Tx } from "../../store/index.ts";
import type { Budget } from "./budget.ts";
import { BudgetDefinitions, withTerms } from "./budget-definitions.ts";
import type { BudgetEngine } from "./budget-engine.ts";
import { PLAN_ID, parseBudget } from "./budget-input.ts";
import { countersAt } from "./budget-reads.ts";
import { findBudget, openBudgetOfPlan } from "./budget-store.ts";
import { counterText } from "./counter-store.ts";
import { usedOf } from "./decide.ts";
import { dueHeld } from "./hold-store.ts";
import { liveBudget } from "./live-budget.ts";

/** How many debates a tenant's plan gives per period. */
export interface PlanLimit {
  readonly tenant: string;
  /** Null: unlimited. */
  readonly limit: bigint | null;
  /** Epoch ms: where the plan's monthly periods are counted from. */
  readonly anchor: number;
  /** Epoch ms: when it applies from; a job that catches up names the past. */
  readonly at: number;
}

/** How far a tenant's plan is in a period. */
export interface PlanDebates {
  /** Null: unlimited. */
  readonly limit: bigint | null;
  /** Spent and held. */
  readonly used: bigint;
}

const TERMS = {
  name: "Debates of the plan",
  measure: "debates",
  period: "monthly",
  thresholds: [
    { percent: 75, action: "warn" },
    { percent: 90, action: "soft_limit" },
    { percent: 100, action: "hard_limit" },
  ],
} as const;

/** Writes the budgets that plans own. */
export class PlanBudgets {
  readonly #definitions: BudgetDefinitions;

  constructor(engine: BudgetEngine) {
    this.#definitions = new BudgetDefinitions(engine);
  }

  /**
   * Makes or changes, inside the caller's transaction, the one open budget of a tenant's plan. By the same anchor the
   * limit changes and what was counted stays. By another one the old budget is closed, and a new one counts from the
   * start of its own period. Idempotent. The budgets are locked until the transaction ends: lock organizations before.
   *
   * @example
   * await store.transaction((tx) => planBudgets.put(tx, { tenant: "acme", limit: 10n, anchor: now, at: now }));
   */
  async put(tx: Tx, { tenant, limit, anchor, at }: PlanLimit): Promise<void> {
    await this.#definitions.lock(tx);
    const open = await openBudgetOfPlan(tenant, tx);
    if (open?.anchor === anchor) {
      const next = withTerms(open, { ...open, limit }, at);
      await this.#definitions.edit(tx, open, next, "update", doing("the plan's limit changed", at));
      return;
    }
    if (open !== undefined) {
      const closed: Budget = { ...open, status: "closed", suspendedBy: "" };
      await this.#definitions.edit(tx, open, closed, "close", doing("the plan's periods changed", at));
    }
    const id = await freshId(tenant, tx);
    const terms = { ...TERMS, limit: limit === null ? null : String(limit), anchor: new Date(anchor) };
    const budget: Budget = { ...parseBudget(terms, { tenant, id, now: at }), owner: "plan" };
    await this.#definitions.insert(tx, budget, doing("the plan's limit", at));
  }
}

/** What a tenant's plan gives and what of it is used in the period of an instant; undefined where it has no budget. */
export async function debatesOfPlan(
  tenant: string,
  at: number,
  reader: Reader,
): Promise<PlanDebates | undefined> {
  const budget = await openBudgetOfPlan(tenant, reader);
  if (budget === undefined) return undefined;
  const [counter] = await countersAt(liveBudget(budget), at, reader);
  if (counter === undefined) return undefined;
  // Room past its time is free, whether or not somebody has tidied it away.
  const due = (await dueHeld(tenant, at, reader)).get(counterText(counter)) ?? 0n;
  return { limit: budget.limit, used: usedOf({ ...counter, held: counter.held - due }) };
}

async function freshId(tenant: string, tx: Tx): Promise<string> {
  for (let number = 1; ; number += 1) {
    const id = `${PLAN_ID}debates_${number}`;
    if ((await findBudget(tenant, id, tx)) === undefined) return id;
  }
}

function doing(reason: string, at: number) {
  return { actor: "plan", reason, at };
}
