// What the budgets' tests share: an engine over a fresh database, and what is looked at behind its back.

import { type Clock, createIds, ManualClock } from "../../kernel/index.ts";
import { type Store, storeAt } from "../../store/index.ts";
import { MeteringService, type UsageEvent } from "../metering/index.ts";
import { PricingService } from "../pricing/index.ts";
import type { UnknownModelPolicy } from "../rating/index.ts";
import type { AlertSink, RaisedAlert } from "./alert.ts";
import { budgetEngine } from "./budget-engine.ts";
import { BudgetService } from "./budget-service.ts";
import { currentHold } from "./hold-context.ts";
import { HoldService } from "./hold-service.ts";

const START = "2026-01-15T12:00:00Z";

/** Keeps what it was given, and can be told to fail. */
class RecordingSink implements AlertSink {
  readonly raised: RaisedAlert[] = [];
  failing = false;

  async raise(_tx: unknown, alerts: readonly RaisedAlert[]): Promise<void> {
    if (this.failing) throw new Error("the sink failed");
    this.raised.push(...alerts);
  }
}

export interface StartOptions {
  readonly clock?: Clock;
  readonly unknownModel?: UnknownModelPolicy;
  readonly tenant?: string;
}

/** Everything of one process over a database. */
export async function startBudgets(url: string, options: StartOptions = {}) {
  const store = storeAt(url);
  await store.ready();
  const clock = options.clock ?? new ManualClock(START);
  const manual = clock as ManualClock;
  const { tenant, unknownModel = "fallback" } = options;
  const ids = createIds(clock);
  const sink = new RecordingSink();
  const pricing = new PricingService(store, clock);
  const engine = budgetEngine({ store, clock, sink });
  const budgets = new BudgetService({ store, clock, ids, engine }, { tenant });
  const holds = new HoldService({ store, clock, ids, pricing, engine }, { tenant, unknownModel });
  const metering = new MeteringService(
    { store, clock, ids, pricing },
    { tenant, unknownModel, participants: [engine.participant], currentHold },
  );
  return { store, clock: manual, sink, pricing, engine, budgets, holds, metering, ids };
}

export type Started = Awaited<ReturnType<typeof startBudgets>>;

/** An event of exactly so many dollars: gpt-4o-mini input is 150,000 pico-dollars a token. */
export function eventOf(tokensIn: number, more: Partial<UsageEvent> = {}): UsageEvent {
  return { tenant: "acme", provider: "openai", model: "gpt-4o-mini", tokensIn, ...more };
}

/** What is wrong with the derived rows. */
export function differences({ store, engine }: Started): Promise<readonly string[]> {
  return store.read((reader) => engine.participant.differences(reader));
}

/** The sum of what counters say, in pico-dollars or counts. */
export async function totals(store: Store): Promise<{ spent: bigint; held: bigint }> {
  const row = await store.read((reader) =>
    reader.get<Record<"sh" | "sl" | "hh" | "hl", bigint | null>>(
      "SELECT sum(spent_hi) AS sh, sum(spent_lo) AS sl, sum(held_hi) AS hh, sum(held_lo) AS hl FROM budget_counters",
    ),
  );
  const join = (hi: bigint | null | undefined, lo: bigint | null | undefined) =>
    (hi ?? 0n) * 1_000_000n + (lo ?? 0n);
  return { spent: join(row?.sh, row?.sl), held: join(row?.hh, row?.hl) };
}
