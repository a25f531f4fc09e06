// The counters that a group of jobs needs, locked and in memory: the jobs are decided on them one after another, then
// all that changed is written at once.

import type { Tx } from "../../store/index.ts";
import type { RaisedAlert } from "./alert.ts";
import type { AlertDesk } from "./alert-desk.ts";
import { type Amounts, measured } from "./amounts.ts";
import type { LiveBudget } from "./budget.ts";
import type { BudgetBook, CounterRef } from "./budget-book.ts";
import { carriedOver } from "./carry.ts";
import {
  byCounter,
  type Counter,
  type CounterId,
  counterText,
  lockCounters,
  removeCounters,
  writeCounters,
} from "./counter-store.ts";
import type { HoldPart } from "./hold-store.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export class Ledger {
  readonly #desk: AlertDesk;
  readonly #counters: ReadonlyMap<string, Mutable<Counter>>;
  readonly #changed = new Set<Mutable<Counter>>();
  /** Made to be locked; what nobody used is taken away again, as its carry would stay as it is now. */
  readonly #made: ReadonlySet<string>;
  readonly #alerts: RaisedAlert[] = [];
  readonly #suspended = new Set<string>();
  readonly book: BudgetBook;

  private constructor(
    desk: AlertDesk,
    book: BudgetBook,
    counters: readonly Counter[],
    made: ReadonlySet<string>,
  ) {
    this.#desk = desk;
    this.#made = made;
    this.book = book;
    this.#counters = new Map(counters.map((counter) => [counterText(counter), { ...counter }]));
  }

  /** Locks counters in their order; `book` is read after that, so that a suspension just committed is seen. */
  static async lock(
    tx: Tx,
    desk: AlertDesk,
    ids: readonly CounterId[],
    refs: readonly CounterRef[],
    now: number,
    book: () => Promise<BudgetBook>,
  ): Promise<Ledger> {
    const wanted = new Map<string, Counter>();
    const carries = await carriedOver(refs, now, tx);
    const add = (id: CounterId) => {
      const key = counterText(id);
      if (wanted.has(key)) return;
      const { tenant, budget, counter, periodStart } = id;
      const carried = carries.get(key) ?? { carry: 0n, seal: "" };
      const empty = { spent: 0n, held: 0n, alertedBps: 0, resets: 0 };
      wanted.set(key, { tenant, budget, counter, periodStart, ...empty, ...carried });
    };
    for (const id of ids) add(id);
    for (const ref of refs) add(idOf(ref));
    const { counters, made } = await lockCounters(tx, [...wanted.values()].sort(byCounter));
    return new Ledger(desk, await book(), counters, made);
  }

  counter(ref: CounterRef): Counter {
    return this.#at(idOf(ref));
  }

  /** The definition as it stands now, suspensions by this group included. */
  terms(budget: LiveBudget): LiveBudget {
    const current = this.book.find(budget.tenant, budget.id) ?? budget;
    return this.#suspended.has(`${budget.tenant}\u001f${budget.id}`) && current.status === "active"
      ? { ...current, status: "suspended", suspendedBy: "threshold" }
      : current;
  }

  hold(id: CounterId, amount: bigint): void {
    const counter = this.#at(id);
    counter.held += amount;
    this.#changed.add(counter);
  }

  /** What a hold still held is free again. */
  free(tenant: string, parts: readonly HoldPart[]): void {
    for (const { budget, counter, periodStart, remaining } of parts)
      if (remaining !== 0n) this.hold({ tenant, budget, counter, periodStart }, -remaining);
  }

  /** Counts usage in every counter it falls into. */
  spend(refs: readonly CounterRef[], amounts: Amounts): void {
    for (const ref of refs) {
      const amount = measured(ref.budget, amounts);
      if (amount === 0n) continue;
      const counter = this.#at(idOf(ref));
      counter.spent += amount;
      this.#changed.add(counter);
      this.#judge(ref.budget, counter);
    }
  }

  async flush(tx: Tx): Promise<void> {
    const changed = [...this.#changed].sort(byCounter);
    await writeCounters(tx, changed);
    const used = new Set(changed.map(counterText));
    const unused = [...this.#counters].filter(([key]) => this.#made.has(key) && !used.has(key));
    await removeCounters(
      tx,
      unused.map(([, counter]) => counter),
    );
    await this.#desk.raise(tx, this.#alerts);
  }

  #judge(budget: LiveBudget, counter: Mutable<Counter>): void {
    const due = this.#desk.due(budget, counter);
    for (const alert of due) {
      this.#alerts.push(alert);
      counter.alertedBps = Math.max(counter.alertedBps, alert.bps);
      if (alert.action === "suspend") this.#suspended.add(`${budget.tenant}\u001f${budget.id}`);
    }
  }

  #at(id: CounterId): Mutable<Counter> {
    const counter = this.#counters.get(counterText(id));
    if (counter === undefined) throw new Error(`counter ${counterText(id)} was not locked`);
    return counter;
  }
}

export function idOf({ budget, counter, periodStart }: CounterRef): CounterId {
  return { tenant: budget.tenant, budget: budget.id, counter, periodStart };
}
