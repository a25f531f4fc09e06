// What usage counts in every measure at once, so that one amount fits each budget it meets.

import type { RatedEvent } from "../metering/index.ts";
import type { Budget } from "./budget.ts";

/** Money in pico-USD. Negative where usage is taken back. */
export interface Amounts {
  readonly cost: bigint;
  readonly charge: bigint;
  readonly tokens: bigint;
  readonly debates: bigint;
  readonly calls: bigint;
}

/** What of `amounts` a budget counts. */
export function measured(budget: Pick<Budget, "measure" | "money">, amounts: Amounts): bigint {
  switch (budget.measure) {
    case "usd":
      return budget.money === "charge" ? amounts.charge : amounts.cost;
    case "tokens":
      return amounts.tokens;
    case "debates":
      return amounts.debates;
    case "calls":
      return amounts.calls;
  }
}

/** A reversal's counts and money are negative already; its call is taken back by its sign. */
export function amountsOfEvent({ event, cost, charge, sign }: RatedEvent): Amounts {
  const tokens =
    event.inputTokens +
    event.cacheReadTokens +
    event.cacheWriteTokens +
    event.cacheWrite1hTokens +
    event.outputTokens +
    event.reasoningTokens;
  return {
    cost,
    charge,
    tokens: BigInt(tokens),
    debates: event.type === DEBATE ? BigInt(event.quantity) : 0n,
    calls: BigInt(sign),
  };
}

export function negated({ cost, charge, tokens, debates, calls }: Amounts): Amounts {
  return { cost: -cost, charge: -charge, tokens: -tokens, debates: -debates, calls: -calls };
}

/** The type whose quantity a `debates` budget counts. */
export const DEBATE = "debate";
