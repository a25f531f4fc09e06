// Unbilled usage as invoice lines: one per month, provider, model, kind and price version, each rounded once.

import { formatDecimal, picoUsdToCents } from "../../kernel/index.ts";
import type { PriceBook, Rate } from "../pricing/index.ts";
import type { DraftLine } from "./invoice.ts";
import { addedSums, type BilledRow, isNothing, priceBehind, type UsageSums } from "./usage.ts";

const DAY_MS = 86_400_000;
const PER_MILLION = 1_000_000n;

/** The lines of usage rows, in the order of month, provider, model, kind and price; nothing for rows that cancel out. */
export function usageLines(rows: readonly BilledRow[], book: PriceBook): DraftLine[] {
  const groups = new Map<string, { readonly first: BilledRow; sums: UsageSums }>();
  for (const row of [...rows].sort(byLine)) {
    const key = lineKey(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: row, sums: row });
    else group.sums = addedSums(group.sums, row);
  }
  return [...groups.values()]
    .filter(({ sums }) => !isNothing(sums))
    .map(({ first, sums }) => lineOf(first, sums, book.rate(priceBehind(first))));
}

/** `2025-01` */
export function monthOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 7);
}

/** What the rows of one line have in common. */
function lineKey(row: BilledRow): string {
  const { provider, model, type, metered } = row;
  return JSON.stringify([monthOfDay(row.day), provider, model, type, priceBehind(row), metered]);
}

function byLine(left: BilledRow, right: BilledRow): number {
  const [a, b] = [lineKey(left), lineKey(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}

function lineOf(row: BilledRow, sums: UsageSums, rate: Rate | undefined): DraftLine {
  const { provider, model, type, metered } = row;
  const { charge, ...counts } = sums;
  const month = monthOfDay(row.day);
  const what = model === "" ? type.replaceAll("_", " ") : `${provider} ${model}`;
  const parts = rate === undefined ? [] : partsOf(sums, rate, model !== "");
  const only = parts.length === 1 ? parts[0] : undefined;
  const tokens = tokensOf(sums);
  const worth = metered ? "" : `included in the plan (worth $${formatDecimal(charge, 12)})`;
  return {
    group: "usage",
    description: `${what}, ${month}`,
    detail: [worth, ...(only === undefined ? parts.map(partText) : [])]
      .filter((text) => text !== "")
      .join("; "),
    quantity: String(only?.quantity ?? (tokens === 0n ? sums.quantity : tokens)),
    unit: only?.unit ?? (tokens === 0n ? "units" : "tokens"),
    unitPrice: only === undefined ? null : priceText(only),
    amount: metered ? picoUsdToCents(charge) : 0n,
    source: {
      ...{ kind: "usage", month, provider, model, type, price: priceBehind(row), metered },
      chargePico: String(charge),
      sums: Object.fromEntries(
        Object.entries(counts).flatMap(([name, count]) =>
          typeof count === "bigint" && name in SUM_LABELS ? [[name, Number(count)]] : [],
        ),
      ) as Extract<DraftLine["source"], { kind: "usage" }>["sums"],
    },
  };
}

const SUM_LABELS: Readonly<Record<Exclude<keyof UsageSums, "charge">, true>> = {
  events: true,
  quantity: true,
  inputTokens: true,
  cacheReadTokens: true,
  cacheWriteTokens: true,
  cacheWrite1hTokens: true,
  outputTokens: true,
  reasoningTokens: true,
  webSearches: true,
};

/** One factor of a line: so many units at a price of pico-USD for each `per` of them. */
export interface LinePart {
  readonly quantity: bigint;
  readonly unit: string;
  readonly price: bigint;
  readonly per: bigint;
}

/** The products whose sum is the charge: what `costAt` of rating sums, over all events of the line. */
export function partsOf(sums: UsageSums, rate: Rate, namesModel: boolean): LinePart[] {
  const token = (quantity: bigint, unit: string, price: bigint) => ({ quantity, unit, price, per: 1n });
  return [
    token(sums.inputTokens, "input tokens", rate.input),
    token(sums.cacheReadTokens, "cached input tokens", rate.cacheRead),
    token(sums.cacheWriteTokens, "cache write tokens", rate.cacheWrite5m),
    token(sums.cacheWrite1hTokens, "cache write tokens (1 h)", rate.cacheWrite1h),
    token(sums.outputTokens, "output tokens", rate.output),
    token(sums.reasoningTokens, "reasoning tokens", rate.reasoning),
    token(sums.webSearches, "web searches", rate.perWebSearch),
    {
      quantity: rate.perUnit > 0n ? sums.quantity : 0n,
      unit: "units",
      price: rate.perUnit,
      per: BigInt(rate.unitSize),
    },
    token(rate.perCall > 0n && namesModel ? sums.quantity : 0n, "calls", rate.perCall),
  ].filter(({ quantity }) => quantity !== 0n);
}

function tokensOf(sums: UsageSums): bigint {
  const input = sums.inputTokens + sums.cacheReadTokens + sums.cacheWriteTokens + sums.cacheWrite1hTokens;
  return input + sums.outputTokens + sums.reasoningTokens;
}

/** Dollars per unit, exact. */
function priceText({ price, per }: LinePart): string | null {
  // A price per 2^30 bytes has no short decimal per byte: the detail says it.
  return per === 1n ? formatDecimal(price, 12) : null;
}

function partText({ quantity, unit, price, per }: LinePart): string {
  if (unit.includes("tokens"))
    return `${quantity} ${unit} at $${formatDecimal(price * PER_MILLION, 12)} per million`;
  return `${quantity} ${unit} at $${formatDecimal(price, 12)}${per === 1n ? " each" : ` per ${per}`}`;
}
