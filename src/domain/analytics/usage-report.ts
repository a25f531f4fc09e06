import type { Decimal } from "decimal.js";
import { DAY_MS, HOUR_MS, isoInstant, joinMoney, usdToDecimal } from "../../kernel/index.ts";
import { SUM_COLUMNS } from "../metering/index.ts";
import { type Grouping, TIME_GROUPINGS, type UsageSelection } from "./usage-query.ts";
import type { UsageRow } from "./usage-store.ts";

/** Exact sums of a set of events. Token counts at the surface include their parts, as on an event. */
export interface UsageTotals {
  readonly events: number;
  readonly quantity: number;
  /** All input tokens, cached and cache-write tokens included. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  /** All output tokens, reasoning included. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly webSearches: number;
  /** Events whose price deserves a second look: an unknown model, a bucket or tier without a price of its own. */
  readonly flaggedEvents: number;
  readonly costUsd: Decimal;
  readonly chargeUsd: Decimal;
}

export interface UsageGroup extends UsageTotals {
  /** A value per grouping; null is usage that names none. Times are ISO instants of the period's start, UTC. */
  readonly key: Readonly<Partial<Record<Grouping, string | null>>>;
}

/** Usage of a period. The groups of any one grouping sum to `total`, to the last digit. */
export interface UsageReport {
  readonly from: Date | null;
  readonly to: Date | null;
  readonly currency: "USD";
  readonly total: UsageTotals;
  /** In time order where a time is among the groupings, else by cost, largest first. */
  readonly groups: readonly UsageGroup[];
}

type Sums = Record<string, bigint>;
type Key = UsageGroup["key"];

/** Sums rows from several sources under one key each. */
export class UsageAccumulator {
  readonly #by: readonly Grouping[];
  readonly #groups = new Map<string, { key: Key; sums: Sums }>();
  readonly #total: Sums = emptySums();

  constructor(by: readonly Grouping[]) {
    this.#by = by;
  }

  add(row: UsageRow): void {
    const key = keyOf(row, this.#by);
    const text = JSON.stringify(this.#by.map((grouping) => key[grouping]));
    let group = this.#groups.get(text);
    if (group === undefined) {
      group = { key, sums: emptySums() };
      this.#groups.set(text, group);
    }
    for (const column of SUM_COLUMNS) {
      const value = row[column] as bigint;
      group.sums[column] = (group.sums[column] as bigint) + value;
      this.#total[column] = (this.#total[column] as bigint) + value;
    }
  }

  report(selection: UsageSelection): UsageReport {
    const groups = [...this.#groups.values()]
      .filter(({ sums }) => SUM_COLUMNS.some((column) => sums[column] !== 0n))
      .map(({ key, sums }) => ({ key, ...totalsOf(sums) }));
    return {
      from: selection.from === undefined ? null : new Date(selection.from),
      to: selection.to === undefined ? null : new Date(selection.to),
      currency: "USD",
      total: totalsOf(this.#total),
      groups:
        this.#by.length === 0
          ? []
          : groups.sort(this.#by.some((by) => TIME_GROUPINGS.has(by)) ? byKey : byCost),
    };
  }
}

/**
 * What the rows of one dimension leave over: usage that names no value of it. Rows of `whole` and `parts` share all
 * their other columns.
 */
export function remainderOf(
  whole: readonly UsageRow[],
  parts: readonly UsageRow[],
  columns: readonly Grouping[],
  dimension: Grouping,
): UsageRow[] {
  const others = columns.filter((column) => column !== dimension);
  const textOf = (row: UsageRow) => JSON.stringify(others.map((column) => String(row[column])));
  const left = new Map(
    whole.map((row) => [textOf(row), { ...row, [dimension]: "" } as Record<string, string | bigint>]),
  );
  for (const part of parts) {
    const row = left.get(textOf(part));
    if (row === undefined) continue;
    for (const column of SUM_COLUMNS) row[column] = (row[column] as bigint) - (part[column] as bigint);
  }
  return [...left.values()];
}

/** A row's values as they are shown. */
export function keyOf(row: UsageRow, by: readonly Grouping[]): Key {
  const key: Record<string, string | null> = {};
  for (const grouping of by) key[grouping] = keyPart(row, grouping);
  return key;
}

function keyPart(row: UsageRow, grouping: Grouping): string | null {
  if (grouping === "hour") return isoInstant(Number(row.day) * DAY_MS + Number(row.hour) * HOUR_MS);
  if (grouping === "day") return isoInstant(Number(row.day) * DAY_MS);
  if (grouping === "week") return isoInstant(mondayOf(Number(row.week)) * DAY_MS);
  if (grouping === "month") return `${isoInstant(Number(row.month) * DAY_MS).slice(0, 8)}01T00:00:00.000Z`;
  const value = row[grouping] as string;
  return value === "" ? null : value;
}

/** Day 0 of the epoch was a Thursday. */
function mondayOf(day: number): number {
  return day - ((day + 3) % 7);
}

function emptySums(): Sums {
  return Object.fromEntries(SUM_COLUMNS.map((column) => [column, 0n]));
}

function totalsOf(sums: Sums): UsageTotals {
  const of = (...columns: string[]) =>
    Number(columns.reduce((sum, column) => sum + (sums[column] as bigint), 0n));
  return {
    events: of("events"),
    quantity: of("quantity"),
    inputTokens: of("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    cachedTokens: of("cache_read_tokens"),
    cacheWriteTokens: of("cache_write_tokens", "cache_write_1h_tokens"),
    outputTokens: of("output_tokens", "reasoning_tokens"),
    reasoningTokens: of("reasoning_tokens"),
    webSearches: of("web_searches"),
    flaggedEvents: of("flagged_events"),
    costUsd: usdToDecimal(joinMoney(sums.cost_hi as bigint, sums.cost_lo as bigint)),
    chargeUsd: usdToDecimal(joinMoney(sums.charge_hi as bigint, sums.charge_lo as bigint)),
  };
}

function byCost(a: UsageGroup, b: UsageGroup): number {
  return b.costUsd.comparedTo(a.costUsd) || byKey(a, b);
}

/** The order of keys: part by part, as text. */
export function byKey(a: { readonly key: Key }, b: { readonly key: Key }): number {
  for (const grouping of Object.keys(a.key) as Grouping[]) {
    const [x, y] = [a.key[grouping] ?? "", b.key[grouping] ?? ""];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
