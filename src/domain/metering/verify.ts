// The proof on demand: every event hashes and prices to what is stored, every rollup row is the sum of its events.

import { setImmediate as nextTurn } from "node:timers/promises";
import { DAY_MS, dayOf, formatUsd, joinMoney } from "../../kernel/index.ts";
import type { Reader } from "../../store/index.ts";
import type { PriceBook } from "../pricing/index.ts";
import { costAt } from "../rating/index.ts";
import { brokenCorrectionsAcrossTenants } from "./adjustment-store.ts";
import { fingerprintOf } from "./content.ts";
import type { CheckedEvent } from "./event.ts";
import { type EventPosition, pageOfDayAcrossTenants, type StoredEvent } from "./event-store.ts";
import {
  fileDamageAcrossTenants,
  type RollupDifference,
  rollupDifferencesAcrossTenants,
  verifiableDaysAcrossTenants,
} from "./verify-store.ts";

/** Something that does not agree, as a sentence that names the row. */
export type Difference = string;

export interface VerifyProgress {
  readonly events: number;
  readonly day: string;
}

const PAGE = 2_000;
/** A list this long tells what a longer one would. */
const MAX_DIFFERENCES = 1_000;

/**
 * Recomputes every event's fingerprint and cost and every rollup row within `reader`'s snapshot, day by day.
 *
 * @returns the events seen and up to 1,000 differences, each naming its row.
 */
export async function verifyUsage(
  reader: Reader,
  book: PriceBook,
  onProgress: (progress: VerifyProgress) => void,
): Promise<{ events: number; differences: Difference[] }> {
  const damage = await fileDamageAcrossTenants(reader);
  if (damage.length > 0)
    return { events: 0, differences: damage.map((finding) => `database file: ${finding}`) };
  const differences: Difference[] = [];
  let events = 0;
  for (const day of await verifiableDaysAcrossTenants(reader)) {
    let after: EventPosition | undefined;
    for (;;) {
      const page = await pageOfDayAcrossTenants({ day, after, limit: PAGE }, reader);
      for (const stored of page) differences.push(...eventDifferences(stored, book));
      events += page.length;
      // SQLite answers without waiting: signals and timers get their turn here.
      await nextTurn();
      onProgress({ events, day: dayText(day) });
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = { tenant: last.event.tenant, ts: last.event.ts, seq: last.seq };
    }
    differences.push(...(await rollupDifferencesAcrossTenants(day, reader)).map(describe));
    if (differences.length >= MAX_DIFFERENCES) break;
  }
  for (const { tenant, id, lacks } of await brokenCorrectionsAcrossTenants(reader))
    differences.push(
      `usage_events row (tenant ${tenant}, id ${id}): it corrects another event, but ${lacks} is missing`,
    );
  return { events, differences: differences.slice(0, MAX_DIFFERENCES) };
}

function eventDifferences(stored: StoredEvent, book: PriceBook): Difference[] {
  const { event, cost, charge } = stored;
  const name = `usage_events row seq ${stored.seq} (tenant ${event.tenant}, id ${event.id})`;
  const found: Difference[] = [];
  if (fingerprintOf(stored) !== stored.fingerprint)
    found.push(`${name}: its content was changed after it was recorded`);
  if (dayOf(event.ts) !== stored.day) found.push(`${name}: day ${stored.day} is not the day of its time`);
  found.push(...priceDifferences(name, "cost", stored.price, cost, event, book));
  if (stored.chargePrice !== "") {
    found.push(...priceDifferences(name, "charge", stored.chargePrice, charge, event, book));
  } else if (charge !== cost) {
    found.push(
      `${name}: charge is ${formatUsd(charge)}, its cost ${formatUsd(cost)} and it has no selling price`,
    );
  }
  return found;
}

function priceDifferences(
  name: string,
  what: "cost" | "charge",
  price: string,
  stored: bigint,
  event: CheckedEvent,
  book: PriceBook,
): Difference[] {
  const rate = price === "" ? null : book.rate(price);
  if (rate === undefined) return [`${name}: its ${what} price ${price} is not in the book`];
  const expected = rate === null ? 0n : costAt(rate, event);
  return stored === expected
    ? []
    : [`${name}: ${what} is ${formatUsd(stored)}, its price gives ${formatUsd(expected)}`];
}

function describe({ table, key, rollup, events }: RollupDifference): Difference {
  const parts: string[] = [];
  for (const column of Object.keys(events)) {
    if (/_(hi|lo)$/.test(column)) continue;
    if (rollup[column] !== events[column])
      parts.push(`${column} is ${rollup[column]}, its events give ${events[column]}`);
  }
  for (const money of ["cost", "charge"]) {
    const [has, gives] = [rollup, events].map((sums) =>
      joinMoney(sums[`${money}_hi`] ?? 0n, sums[`${money}_lo`] ?? 0n),
    );
    if (has !== gives)
      parts.push(`${money} is ${formatUsd(has ?? 0n)}, its events give ${formatUsd(gives ?? 0n)}`);
  }
  // The two halves of a money sum may have been changed against each other.
  if (parts.length === 0) parts.push("the halves of a money sum differ from those of its events");
  const row = Object.entries(key)
    .map(
      ([column, value]) => `${column} ${column === "day" ? dayText(Number(value)) : JSON.stringify(value)}`,
    )
    .join(", ");
  return `${table} row (${row}): ${parts.join("; ")}`;
}

function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
