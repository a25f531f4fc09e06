// Rated usage on its way to an invoice: rows per day and price, and the sums that lines are made of.

/** Counts and the charge (pico-USD) of a set of events. */
export interface UsageSums {
  readonly events: bigint;
  readonly quantity: bigint;
  readonly inputTokens: bigint;
  readonly cacheReadTokens: bigint;
  readonly cacheWriteTokens: bigint;
  readonly cacheWrite1hTokens: bigint;
  readonly outputTokens: bigint;
  readonly reasoningTokens: bigint;
  readonly webSearches: bigint;
  readonly charge: bigint;
}

/** What usage is kept apart by. */
export interface UsageKey {
  /** Days since 1970, UTC. */
  readonly day: number;
  readonly provider: string;
  readonly model: string;
  readonly type: string;
  readonly price: string;
  /** '' where the charge is the cost. */
  readonly chargePrice: string;
}

export interface UsageRow extends UsageKey, UsageSums {
  /** '' as committed, or the void invoice that gave it back. */
  readonly source: string;
  /** The events behind it are those with afterSeq < seq <= uptoSeq. */
  readonly afterSeq: bigint;
  readonly uptoSeq: bigint;
}

/** A row that an invoice has taken. */
export interface BilledRow extends UsageRow {
  readonly metered: boolean;
}

const SUM_NAMES = [
  "events",
  "quantity",
  "inputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "outputTokens",
  "reasoningTokens",
  "webSearches",
  "charge",
] as const satisfies readonly (keyof UsageSums)[];

export function addedSums(left: UsageSums, right: UsageSums): UsageSums {
  return Object.fromEntries(
    SUM_NAMES.map((name) => [name, left[name] + right[name]]),
  ) as unknown as UsageSums;
}

export function isNothing(sums: UsageSums): boolean {
  return SUM_NAMES.every((name) => sums[name] === 0n);
}

/** The selling price behind usage: what was charged by. */
export function priceBehind({ price, chargePrice }: Pick<UsageKey, "price" | "chargePrice">): string {
  return chargePrice === "" ? price : chargePrice;
}
