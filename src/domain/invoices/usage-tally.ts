// The sums of a batch of events per day and price. It runs for every event: numbers, and no text or object per event.
// Objects are written out: spreading them costs microseconds each.

import { dayOf } from "../../kernel/index.ts";
import type { RatedEvent } from "../metering/index.ts";
import type { TenantUsage } from "./usage-store.ts";

/** Counts of a batch fit a number: 10,000 events of at most 10^9 tokens; quantities, up to 10^15 each, do not. */
interface Sums {
  readonly first: RatedEvent;
  readonly day: number;
  events: number;
  quantity: bigint;
  input: number;
  cacheRead: number;
  cacheWrite: number;
  cacheWrite1h: number;
  output: number;
  reasoning: number;
  webSearches: number;
  charge: bigint;
}

export class UsageTally {
  /** By tenant and day: what is behind them is short enough to look through. */
  readonly #days = new Map<string, Map<number, Sums[]>>();

  add(rated: RatedEvent): void {
    const { event } = rated;
    const sums = this.#sumsOf(rated, dayOf(event.ts));
    sums.events += rated.sign;
    sums.quantity += BigInt(event.quantity);
    sums.input += event.inputTokens;
    sums.cacheRead += event.cacheReadTokens;
    sums.cacheWrite += event.cacheWriteTokens;
    sums.cacheWrite1h += event.cacheWrite1hTokens;
    sums.output += event.outputTokens;
    sums.reasoning += event.reasoningTokens;
    sums.webSearches += event.webSearches;
    sums.charge += rated.charge;
  }

  #sumsOf(rated: RatedEvent, day: number): Sums {
    const { tenant } = rated.event;
    let days = this.#days.get(tenant);
    if (days === undefined) {
      days = new Map();
      this.#days.set(tenant, days);
    }
    let known = days.get(day);
    if (known === undefined) {
      known = [];
      days.set(day, known);
    }
    for (const sums of known) if (isSameKey(sums.first, rated)) return sums;
    const sums: Sums = {
      first: rated,
      day,
      events: 0,
      quantity: 0n,
      input: 0,
      cacheRead: 0,
      cacheWrite: 0,
      cacheWrite1h: 0,
      output: 0,
      reasoning: 0,
      webSearches: 0,
      charge: 0n,
    };
    known.push(sums);
    return sums;
  }

  get rows(): TenantUsage[] {
    const rows: TenantUsage[] = [];
    for (const days of this.#days.values())
      for (const known of days.values()) for (const sums of known) rows.push(rowOf(sums));
    return rows;
  }
}

function rowOf(sums: Sums): TenantUsage {
  const { event, price, chargePrice } = sums.first;
  return {
    tenant: event.tenant,
    day: sums.day,
    provider: event.provider,
    model: event.model,
    type: event.type,
    price,
    chargePrice,
    source: "",
    afterSeq: 0n,
    uptoSeq: 0n,
    events: BigInt(sums.events),
    quantity: sums.quantity,
    inputTokens: BigInt(sums.input),
    cacheReadTokens: BigInt(sums.cacheRead),
    cacheWriteTokens: BigInt(sums.cacheWrite),
    cacheWrite1hTokens: BigInt(sums.cacheWrite1h),
    outputTokens: BigInt(sums.output),
    reasoningTokens: BigInt(sums.reasoning),
    webSearches: BigInt(sums.webSearches),
    charge: sums.charge,
  };
}

function isSameKey(left: RatedEvent, right: RatedEvent): boolean {
  const [a, b] = [left.event, right.event];
  return (
    left.price === right.price &&
    left.chargePrice === right.chargePrice &&
    a.model === b.model &&
    a.provider === b.provider &&
    a.type === b.type
  );
}
