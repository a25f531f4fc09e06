// What the services and the participant of one database share.

import type { Clock } from "../../kernel/index.ts";
import type { Store } from "../../store/index.ts";
import type { AlertSink } from "./alert.ts";
import { AlertCallbacks } from "./alert-callbacks.ts";
import { AlertDesk } from "./alert-desk.ts";
import { BudgetBooks } from "./budget-book.ts";
import { BudgetUsage } from "./usage-participant.ts";

export interface BudgetEngine {
  readonly books: BudgetBooks;
  readonly desk: AlertDesk;
  readonly callbacks: AlertCallbacks;
  /** To be joined to metering. */
  readonly participant: BudgetUsage;
}

/** `sink` takes crossed thresholds in the transaction that crossed them. */
export function budgetEngine(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly sink?: AlertSink | undefined;
}): BudgetEngine {
  const { store, clock, sink } = deps;
  const books = new BudgetBooks(clock);
  const callbacks = new AlertCallbacks(store);
  const desk = new AlertDesk({ clock, books, sink, callbacks });
  return { books, desk, callbacks, participant: new BudgetUsage(clock, books, desk) };
}
