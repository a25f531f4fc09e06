// A row's content in a few characters, stored beside it, so that `verify` sees what was changed by hand where nothing
// else tells. It finds accidents and edits, not forgery.

import { digest } from "../../kernel/index.ts";
import type { Counter } from "./counter-store.ts";
import type { Hold, HoldPart, Spend } from "./hold-store.ts";

/** '' where nothing is carried: of an open budget all else follows from other rows. A closed one's is sealed whole. */
export function counterSeal(counter: Omit<Counter, "seal">, closed: boolean): string {
  const { tenant, budget, counter: key, periodStart, spent, carry, alertedBps, resets } = counter;
  if (!closed) return carry === 0n ? "" : sealOf([tenant, budget, key, periodStart, carry]);
  return sealOf([tenant, budget, key, periodStart, carry, spent, alertedBps, resets]);
}

export function sealedHold(hold: Omit<Hold, "seal">): Hold {
  const { tenant, id, key, mode, state, request, at, createdAt, expiresAt, settledBy, flags, parts } = hold;
  // As rows come back: whoever made the hold met its budgets in another order.
  const amounts = [...parts]
    .sort(byPlace)
    .flatMap(({ budget, counter, periodStart, amount }) => [budget, counter, periodStart, amount]);
  const content = [
    tenant,
    id,
    key,
    mode,
    state,
    request,
    at,
    createdAt,
    expiresAt,
    settledBy,
    flags,
    ...amounts,
  ];
  return { ...hold, seal: sealOf(content) };
}

function byPlace(a: HoldPart, b: HoldPart): number {
  if (a.budget !== b.budget) return a.budget < b.budget ? -1 : 1;
  if (a.counter !== b.counter) return a.counter < b.counter ? -1 : 1;
  return a.periodStart - b.periodStart;
}

export function sealedSpend(spend: Omit<Spend, "seal">): Spend {
  const { tenant, id, key, hold, eventId, state, request, at, dimensions } = spend;
  const { cost, charge, tokens, debates, calls, flags, recordedAt } = spend;
  const { workspace, user, agent, debate, provider, model } = dimensions;
  const content = [
    ...[tenant, id, key, hold, eventId, state, request, at, workspace, user, agent, debate, provider, model],
    ...[cost, charge, tokens, debates, calls, flags, recordedAt],
  ];
  return { ...spend, seal: sealOf(content) };
}

function sealOf(content: readonly (string | number | bigint | null)[]): string {
  return digest(
    JSON.stringify(content.map((value) => (typeof value === "bigint" ? String(value) : value))),
  ).slice(0, 16);
}
