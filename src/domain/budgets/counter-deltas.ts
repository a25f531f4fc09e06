// What a batch of events adds to counters, one row per counter.

import type { Reader } from "../../store/index.ts";
import type { LiveBudget } from "./budget.ts";
import type { CounterRef } from "./budget-book.ts";
import { carriedOver } from "./carry.ts";
import { byCounter, type CounterChange, type CounterId, counterText } from "./counter-store.ts";

interface Delta extends CounterRef {
  spent: bigint;
}

export class CounterDeltas {
  /** Per budget, so that no key has to be put together for every event. */
  readonly #spent = new Map<LiveBudget, Map<string, Delta[]>>();
  readonly #freed = new Map<string, { id: CounterId; held: bigint }>();

  spend(budget: LiveBudget, counter: string, periodStart: number, amount: bigint): void {
    if (amount === 0n) return;
    let counters = this.#spent.get(budget);
    if (counters === undefined) {
      counters = new Map();
      this.#spent.set(budget, counters);
    }
    let periods = counters.get(counter);
    if (periods === undefined) {
      periods = [];
      counters.set(counter, periods);
    }
    const [first] = periods;
    const known =
      first?.periodStart === periodStart ? first : periods.find((delta) => delta.periodStart === periodStart);
    if (known === undefined) periods.push({ budget, counter, periodStart, spent: amount });
    else known.spent += amount;
  }

  /** Gives back what was held in a counter. */
  free({ tenant, budget, counter, periodStart }: CounterId, amount: bigint): void {
    const id = { tenant, budget, counter, periodStart };
    const key = counterText(id);
    const known = this.#freed.get(key);
    if (known === undefined) this.#freed.set(key, { id, held: -amount });
    else known.held -= amount;
  }

  /** One change per counter, sorted. */
  async changes(now: number, reader: Reader): Promise<CounterChange[]> {
    const deltas = [...this.#spent.values()].flatMap((counters) => [...counters.values()].flat());
    const carries = await carriedOver(deltas, now, reader);
    const changes = new Map<string, CounterChange>();
    for (const { budget, counter, periodStart, spent } of deltas) {
      const id = { tenant: budget.tenant, budget: budget.id, counter, periodStart };
      const key = counterText(id);
      changes.set(key, { ...id, spent, held: 0n, carry: 0n, seal: "", ...carries.get(key) });
    }
    for (const [key, { id, held }] of this.#freed) {
      const known = changes.get(key);
      changes.set(
        key,
        known === undefined ? { ...id, spent: 0n, held, carry: 0n, seal: "" } : { ...known, held },
      );
    }
    return [...changes.values()].sort(byCounter);
  }
}
