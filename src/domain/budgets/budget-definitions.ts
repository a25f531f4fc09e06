// How a definition is made and changed inside a transaction, whoever asks for it: a tenant's people or its plan.

import type { Tx } from "../../store/index.ts";
import { spentByPeriod } from "./backfill.ts";
import type { Budget, LiveBudget } from "./budget.ts";
import type { BudgetEngine } from "./budget-engine.ts";
import {
  appendChange,
  findBudget,
  insertBudget,
  lockBudgets,
  nextVersion,
  updateBudget,
} from "./budget-store.ts";
import { carriedOver } from "./carry.ts";
import { type Counter, countersOfBudget, writeCounters } from "./counter-store.ts";
import { liveBudget, periodOf } from "./live-budget.ts";
import { counterSeal } from "./seal.ts";

/** Who did something, why and when; kept for ever. */
export interface Doing {
  readonly actor: string;
  readonly reason: string;
  /** Epoch ms. */
  readonly at: number;
}

export class BudgetDefinitions {
  readonly #engine: Pick<BudgetEngine, "books" | "desk">;

  constructor(engine: Pick<BudgetEngine, "books" | "desk">) {
    this.#engine = engine;
  }

  /**
   * To be called before a transaction changes a definition: they change while nobody counts, so that usage in flight is
   * counted by the old ones or the new, never by half.
   */
  async lock(tx: Tx): Promise<void> {
    await lockBudgets(tx, "exclusive");
    this.#engine.books.changing(tx);
  }

  /** Adds a budget with what was used since it counts; returns it as it is then: a crossed threshold may suspend it. */
  async insert(tx: Tx, budget: Budget, doing: Doing): Promise<Budget> {
    await insertBudget(tx, budget, await nextVersion(tx));
    await this.log(tx, budget, "create", doing, definitionOf(budget));
    await this.#countFromStart(tx, liveBudget(budget), doing.at);
    return (await findBudget(budget.tenant, budget.id, tx)) ?? budget;
  }

  /** Writes what of a budget has changed, and alerts what that calls for; nothing where nothing has. */
  async edit(tx: Tx, budget: Budget, next: Budget, kind: string, doing: Doing): Promise<Budget> {
    const { tenant, id } = budget;
    const [before, after] = [definitionOf(budget), definitionOf(next)];
    if (JSON.stringify(after) === JSON.stringify(before)) return budget;
    await updateBudget(tx, next, await nextVersion(tx));
    await this.log(tx, next, kind, doing, { before, after });
    if (next.status === "closed") {
      const all = await countersOfBudget(tenant, id, Number.MIN_SAFE_INTEGER, tx, "FOR UPDATE");
      const sealed = all.map((counter) => ({ ...counter, seal: counterSeal(counter, true) }));
      await writeCounters(tx, sealed);
    } else {
      const from = periodOf(next, doing.at).start;
      await this.#alert(tx, liveBudget(next), await countersOfBudget(tenant, id, from, tx, "FOR UPDATE"));
    }
    return (await findBudget(tenant, id, tx)) ?? next;
  }

  async log(tx: Tx, { tenant, id }: Budget, kind: string, doing: Doing, detail: unknown): Promise<void> {
    await appendChange(tx, { tenant, budget: id, kind, ...doing, detail: JSON.stringify(detail) });
  }

  /** Counters of what was used before the budget was there. */
  async #countFromStart(tx: Tx, budget: LiveBudget, at: number): Promise<void> {
    const counters: Counter[] = [];
    for (const row of await spentByPeriod(budget, tx)) {
      const ref = { budget, counter: row.counter, periodStart: row.periodStart };
      const carried = [...(await carriedOver([ref], at, tx)).values()][0] ?? { carry: 0n, seal: "" };
      const counter = { ...row, held: 0n, alertedBps: 0, resets: 0, ...carried };
      await writeCounters(tx, [counter]);
      counters.push(counter);
    }
    await this.#alert(tx, budget, counters);
  }

  /**
   * Alerts what the counters have reached under the present terms. Their marks start anew: a threshold below what was
   * alerted may be new, and one that was alerted is on record and is not raised again.
   */
  async #alert(tx: Tx, budget: LiveBudget, counters: readonly Counter[]): Promise<void> {
    const { desk } = this.#engine;
    const judged = counters.map((counter) => {
      const due = desk.due(budget, { ...counter, alertedBps: 0 });
      return { counter: { ...counter, alertedBps: due.at(-1)?.bps ?? 0 }, due };
    });
    await writeCounters(
      tx,
      judged.map(({ counter }) => counter),
    );
    await desk.raise(
      tx,
      judged.flatMap(({ due }) => due),
    );
  }
}

/** A budget with another limit or list: what a threshold suspended is resumed by a raised limit. */
export function withTerms(budget: Budget, next: Budget, at: number): Budget {
  const raised = budget.limit !== null && (next.limit === null || next.limit > budget.limit);
  const resumed = raised && budget.suspendedBy === "threshold";
  return {
    ...next,
    ...(resumed && { status: "active" as const, suspendedBy: "" as const }),
    termsSince: periodOf(budget, at).start,
  };
}

/** What a change log shows; secrets of recipients stay out. */
function definitionOf(budget: Budget): Record<string, unknown> {
  const { name, limit, thresholds, overage, failOpen, status, suspendedBy, notify } = budget;
  return {
    ...{ name, thresholds, failOpen, status, suspendedBy },
    limit: limit === null ? null : String(limit),
    overage: overage === null ? null : { ...overage, cap: overage.cap === null ? null : String(overage.cap) },
    notify: notify.map((recipient) => ("email" in recipient ? recipient.email : recipient.webhook)),
  };
}

/** Whether two definitions ask for the same, whatever has become of them since. */
export function sameDefinition(known: Budget, asked: Budget): boolean {
  const identity = (budget: Budget) => {
    const { scope, measure, money, period, zone, anchor, rollover } = budget;
    const { status, suspendedBy, ...terms } = definitionOf(budget);
    return JSON.stringify([scope, measure, money, period, zone, anchor, rollover, terms]);
  };
  return identity(known) === identity(asked);
}
