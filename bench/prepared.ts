// What the raw replay binds: the very values the product would bind, computed before the clock starts.

import { unbilledValues } from "../src/domain/invoices/usage-store.ts";
import { UsageTally } from "../src/domain/invoices/usage-tally.ts";
import { withFingerprint } from "../src/domain/metering/content.ts";
import { REPORTED } from "../src/domain/metering/event.ts";
import { parseEvent } from "../src/domain/metering/event-input.ts";
import type { CheckedEvent, RatedEvent, UsageEvent } from "../src/domain/metering/index.ts";
import { PriceBook } from "../src/domain/pricing/index.ts";
import { SHIPPED_PRICES } from "../src/domain/pricing/shipped-prices.ts";
import { rate } from "../src/domain/rating/index.ts";
import { createIds, systemClock } from "../src/kernel/index.ts";
import type { Value } from "../src/store/index.ts";

/** Batches written by the product's SQL alone. */
export interface RawReplay {
  /** Commits one batch durably. */
  write(index: number): unknown;
  close(): unknown;
}

const DEFAULTS = { tenant: undefined, clock: systemClock, ids: createIds(systemClock) };

/** The shipped price book. */
export function shippedBook(): PriceBook {
  return new PriceBook(0n, SHIPPED_PRICES);
}

/** An event as the edge lets it in. */
export function checked(input: UsageEvent): CheckedEvent {
  return parseEvent(input, DEFAULTS);
}

/** The rows of unbilled usage that the product would add for a batch in which nothing is told twice. */
export function unbilledRows(rated: readonly RatedEvent[]): Value[][] {
  const tally = new UsageTally();
  for (const event of rated) tally.add(event);
  return unbilledValues(tally.rows);
}

/** Events with the price, cost and fingerprint that the product would give them. */
export function ratedEvents(inputs: readonly UsageEvent[], book: PriceBook): RatedEvent[] {
  const recordedAt = Date.now();
  return inputs.map((input) => {
    const event = checked(input);
    const rating = rate(book, event, "fallback");
    if (rating === null) throw new Error(`no price for ${event.provider}/${event.model}`);
    return withFingerprint({ event, ...rating, recordedAt, ...REPORTED, fingerprint: 0 });
  });
}
