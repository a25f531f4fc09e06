// The budgets' part in the commit of events: counters, holds, spends that an event tells again, crossed thresholds.

import type { Clock } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { CommitParticipant, RatedEvent } from "../metering/index.ts";
import type { RaisedAlert } from "./alert.ts";
import type { AlertDesk } from "./alert-desk.ts";
import { type Amounts, amountsOfEvent, measured, negated } from "./amounts.ts";
import type { BudgetBook, BudgetBooks, CounterRef } from "./budget-book.ts";
import { flagsOf } from "./budget-jobs.ts";
import { lockBudgets } from "./budget-store.ts";
import { CounterDeltas } from "./counter-deltas.ts";
import { addToCounters, counterText, markAlerted } from "./counter-store.ts";
import {
  findSpendsOfEvents,
  findSpendsOfHolds,
  type Hold,
  lockHoldsById,
  type Pair,
  pairText,
  partsOf,
  type Spend,
  type ToldEvent,
  updateHolds,
  updateSpends,
} from "./hold-store.ts";
import { tells } from "./plan-debate.ts";
import { sealedHold, sealedSpend } from "./seal.ts";
import { budgetDifferences } from "./verify.ts";

export class BudgetUsage implements CommitParticipant {
  readonly name = "budgets";
  readonly #clock: Clock;
  readonly #books: BudgetBooks;
  readonly #desk: AlertDesk;

  constructor(clock: Clock, books: BudgetBooks, desk: AlertDesk) {
    this.#clock = clock;
    this.#books = books;
    this.#desk = desk;
  }

  async apply(tx: Tx, accepted: readonly RatedEvent[]): Promise<void> {
    await lockBudgets(tx, "shared");
    const book = await this.#books.read(tx);
    const settling = accepted.filter(({ event }) => event.hold !== "");
    if (book.isEmpty && !book.linked && settling.length === 0) return;
    const deltas = new CounterDeltas();
    for (const rated of accepted) count(deltas, book, rated);
    const { holds, superseded } = await settle(tx, book, deltas, accepted, settling);
    for (const spend of superseded) countSpend(deltas, book, negated(spend), spend);
    const changes = await deltas.changes(this.#clock.now(), tx);
    const counters = await addToCounters(tx, changes);
    await updateHolds(tx, holds);
    await updateSpends(
      tx,
      superseded.map((spend) => sealedSpend({ ...spend, state: "superseded" })),
    );
    const alerts: RaisedAlert[] = [];
    // Room that is given back reaches no threshold: an old period's counter is not judged by today's terms for it.
    const spentIn = new Set(changes.filter(({ spent }) => spent !== 0n).map(counterText));
    for (const counter of counters) {
      const budget = book.find(counter.tenant, counter.budget);
      if (budget === undefined || !spentIn.has(counterText(counter))) continue;
      const due = this.#desk.due(budget, counter);
      const highest = due.at(-1);
      if (highest === undefined) continue;
      alerts.push(...due);
      await markAlerted(tx, counter, highest.bps);
    }
    await this.#desk.raise(tx, alerts);
  }

  differences(reader: Reader): Promise<readonly string[]> {
    return budgetDifferences(reader);
  }
}

function count(deltas: CounterDeltas, book: BudgetBook, rated: RatedEvent): void {
  const { event } = rated;
  let amounts: Amounts | undefined;
  book.forEachMatch(event.tenant, event, event.ts, (budget, counter, periodStart) => {
    amounts ??= amountsOfEvent(rated);
    deltas.spend(budget, counter, periodStart, measured(budget, amounts));
  });
}

function countSpend(deltas: CounterDeltas, book: BudgetBook, amounts: Amounts, spend: Spend): void {
  book.forEachMatch(spend.tenant, spend.dimensions, spend.at, (budget, counter, periodStart) => {
    deltas.spend(budget, counter, periodStart, measured(budget, amounts));
  });
}

/** Holds that events settle, and spends that they tell again. */
async function settle(
  tx: Tx,
  book: BudgetBook,
  deltas: CounterDeltas,
  accepted: readonly RatedEvent[],
  settling: readonly RatedEvent[],
): Promise<{ holds: Hold[]; superseded: Spend[] }> {
  const named = await lockHoldsById(
    tx,
    pairsOf(settling, ({ event }) => event.hold),
  );
  const parts = await partsOf(named, tx);
  const holds = new Map<string, Hold>(
    named.map((hold) => [pairText(hold), { ...hold, parts: parts.get(pairText(hold)) ?? [] }]),
  );
  const captures = await findSpendsOfHolds(
    named.filter(({ state }) => state === "captured"),
    tx,
  );
  const linked = book.linked
    ? await findSpendsOfEvents(
        pairsOf(accepted, ({ event }) => event.id),
        tx,
      )
    : [];
  const changed = new Map<string, Hold>();
  for (const rated of settling) {
    const key = pairText({ tenant: rated.event.tenant, id: rated.event.hold });
    const hold = holds.get(key);
    if (hold === undefined || hold.state === "captured") continue;
    const settled = settledBy(hold, rated, book, deltas);
    holds.set(key, settled);
    changed.set(key, settled);
  }
  const byId = new Map(
    accepted.map((rated) => [pairText({ tenant: rated.event.tenant, id: rated.event.id }), toldBy(rated)]),
  );
  const told = linked.filter((spend) => {
    const event = byId.get(pairText({ tenant: spend.tenant, id: spend.eventId }));
    return event !== undefined && tells(book, event, spend);
  });
  const spends = new Map([...captures, ...told].map((spend) => [pairText(spend), spend]));
  return {
    holds: [...changed.values()],
    superseded: [...spends.values()].filter(({ state }) => state === "counted"),
  };
}

/** A hold after an event: `single` is closed by it, `scoped` gives up what the event took. */
function settledBy(hold: Hold, rated: RatedEvent, book: BudgetBook, deltas: CounterDeltas): Hold {
  const { event } = rated;
  const amounts = amountsOfEvent(rated);
  const refs: CounterRef[] = book.matches(event.tenant, event, event.ts);
  const flags = hold.flags | flagsOf(hold, refs, amounts, rated.recordedAt);
  const closes = hold.mode === "single" || hold.state !== "open";
  const parts = hold.parts.map((part) => {
    const budget = book.find(hold.tenant, part.budget);
    const used = budget === undefined ? 0n : measured(budget, amounts);
    const freed = closes || used > part.remaining ? part.remaining : used > 0n ? used : 0n;
    if (freed !== 0n) deltas.free({ tenant: hold.tenant, ...part }, freed);
    return { ...part, remaining: part.remaining - freed };
  });
  const state = closes ? "captured" : hold.state;
  const settledBy = hold.settledBy === "" ? event.id : hold.settledBy;
  return sealedHold({ ...hold, state, settledBy, flags, parts });
}

function toldBy({ event, sign }: RatedEvent): ToldEvent {
  const { type, debate, ts, quantity } = event;
  return { type, debate, ts, quantity: BigInt(quantity), stands: sign === 1 };
}

function pairsOf(events: readonly RatedEvent[], id: (rated: RatedEvent) => string): Pair[] {
  const pairs = events.map((rated) => ({ tenant: rated.event.tenant, id: id(rated) }));
  return [...new Map(pairs.map((pair) => [pairText(pair), pair])).values()];
}
