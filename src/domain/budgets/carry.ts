// What an unused rest of the period before adds to a new counter. Decided once, when the counter is made.

import type { Reader } from "../../store/index.ts";
import type { LiveBudget } from "./budget.ts";
import type { CounterRef } from "./budget-book.ts";
import { type Counter, type CounterId, counterText, readCounters } from "./counter-store.ts";
import { usedOf } from "./decide.ts";
import { dueHeld } from "./hold-store.ts";
import { periodOf } from "./live-budget.ts";
import { counterSeal } from "./seal.ts";

/** The carries of those counters that are still to be made, by counter; nothing where nothing is carried. */
export async function carriedOver(
  refs: readonly CounterRef[],
  now: number,
  reader: Reader,
): Promise<Map<string, { carry: bigint; seal: string }>> {
  const carries = new Map<string, { carry: bigint; seal: string }>();
  const rolling = refs.filter(
    ({ budget }) => budget.rollover && budget.limit !== null && budget.period !== "total",
  );
  if (rolling.length === 0) return carries;
  const made = new Set((await readCounters(rolling.map(idOfRef), reader)).map(counterText));
  const missing = rolling.filter((ref) => !made.has(counterText(idOfRef(ref))));
  const before = missing.map((ref) => previousOf(ref));
  const known = await readCounters(
    before.filter((id) => id !== undefined),
    reader,
  );
  // Room past its time is free, whether or not somebody has tidied it away.
  const due = await dueHeldOf(
    new Set(known.filter(({ held }) => held > 0n).map(({ tenant }) => tenant)),
    now,
    reader,
  );
  const byKey = new Map(
    known.map((counter) => {
      const key = counterText(counter);
      return [key, { ...counter, held: counter.held - (due.get(key) ?? 0n) }];
    }),
  );
  for (const [index, ref] of missing.entries()) {
    const previous = before[index];
    if (previous === undefined) continue;
    const carry = carryOf(ref.budget, byKey.get(counterText(previous)));
    if (carry === 0n) continue;
    const id = idOfRef(ref);
    const fresh = { ...id, spent: 0n, held: 0n, carry, alertedBps: 0, resets: 0 };
    carries.set(counterText(id), { carry, seal: counterSeal(fresh, false) });
  }
  return carries;
}

async function dueHeldOf(
  tenants: ReadonlySet<string>,
  now: number,
  reader: Reader,
): Promise<Map<string, bigint>> {
  const due = new Map<string, bigint>();
  for (const tenant of tenants)
    for (const [key, held] of await dueHeld(tenant, now, reader)) due.set(key, held);
  return due;
}

/**
 * The unused rest of a period, at most one limit: what was carried into it is used first and not carried on. A counter
 * of `each` that was not there before carries nothing: a new debate does not start with two limits.
 */
export function carryOf(
  budget: Pick<LiveBudget, "limit" | "compiled">,
  previous: Pick<Counter, "spent" | "held" | "carry"> | undefined,
): bigint {
  const limit = budget.limit ?? 0n;
  if (previous === undefined) return budget.compiled.each.length === 0 ? limit : 0n;
  const rest = limit + previous.carry - usedOf(previous);
  if (rest <= 0n) return 0n;
  return rest < limit ? rest : limit;
}

function previousOf({ budget, counter, periodStart }: CounterRef): CounterId | undefined {
  const { start } = periodOf(budget, periodStart - 1);
  if (start < budget.countsFrom) return undefined;
  return { tenant: budget.tenant, budget: budget.id, counter, periodStart: start };
}

function idOfRef({ budget, counter, periodStart }: CounterRef): CounterId {
  return { tenant: budget.tenant, budget: budget.id, counter, periodStart };
}
