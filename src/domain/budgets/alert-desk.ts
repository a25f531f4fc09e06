// Where crossed thresholds go: a row each, the sink in the same transaction, a suspension, callbacks after the commit.

import type { Clock } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import { type AlertSink, alertOf, type RaisedAlert } from "./alert.ts";
import type { AlertCallbacks } from "./alert-callbacks.ts";
import { insertAlerts } from "./alert-store.ts";
import type { LiveBudget } from "./budget.ts";
import type { BudgetBooks } from "./budget-book.ts";
import { appendChange, nextVersion, suspendActive } from "./budget-store.ts";
import type { Counter } from "./counter-store.ts";
import { newlyReached } from "./thresholds.ts";

export class AlertDesk {
  readonly #clock: Clock;
  readonly #books: BudgetBooks;
  readonly #sink: AlertSink | undefined;
  readonly #callbacks: AlertCallbacks;

  constructor(deps: {
    readonly clock: Clock;
    readonly books: BudgetBooks;
    readonly sink: AlertSink | undefined;
    readonly callbacks: AlertCallbacks;
  }) {
    this.#clock = deps.clock;
    this.#books = deps.books;
    this.#sink = deps.sink;
    this.#callbacks = deps.callbacks;
  }

  /** The alerts that a counter's present spend calls for and that were not raised yet, lowest threshold first. */
  due(budget: LiveBudget, counter: Counter): RaisedAlert[] {
    const limit = budget.limit === null ? null : budget.limit + counter.carry;
    const reached = newlyReached(budget, limit, counter.spent, counter.alertedBps);
    if (reached.length === 0) return [];
    const now = this.#clock.now();
    return reached.map((threshold) => alertOf(budget, counter, threshold, now));
  }

  /** Writes alerts of counters that this transaction has locked, and all that follows from them. */
  async raise(tx: Tx, alerts: readonly RaisedAlert[]): Promise<void> {
    if (alerts.length === 0) return;
    const raised = await insertAlerts(tx, alerts);
    if (raised.length === 0) return;
    await this.#suspend(tx, raised);
    if (this.#sink !== undefined) await this.#sink.raise(tx, raised);
    this.#callbacks.raisedIn(tx, raised);
  }

  async #suspend(tx: Tx, raised: readonly RaisedAlert[]): Promise<void> {
    const crossed = raised.filter(({ action }) => action === "suspend");
    if (crossed.length === 0) return;
    this.#books.changing(tx);
    const version = await nextVersion(tx);
    for (const { tenant, budget, bps, id, raisedAt } of crossed) {
      if (!(await suspendActive(tx, tenant, budget, version))) continue;
      const reason = `${bps / 100} % of the limit was reached`;
      const detail = JSON.stringify({ alert: id });
      await appendChange(tx, {
        tenant,
        budget,
        kind: "suspend",
        actor: "threshold",
        reason,
        detail,
        at: raisedAt,
      });
    }
  }
}
