// Unbilled usage as invoice lines: one per month, provider, model, kind and price version, each rounded once.

import { formatDecimal, picoUsdToCents } from "../../kernel/index.ts";
import type { PriceBook, Rate } from "../pricing/index.ts";
import type { DraftLine } from "./invoice.ts";
import { addedSums, type BilledRow, isNothing, priceBehind, type UsageSums } from "./usage.ts";

const DAY_MS = 86_400_000;
const PER_MILLION = 1_000_000n;

/** So many models without a price of their own have a line each, per month and price; more of them have one together. */
const MOST_STRANGERS = 50;

interface Group {
  readonly first: BilledRow;
  sums: UsageSums;
}

/** The lines of usage rows, in the order of month, provider, model, kind and price; nothing for rows that cancel out. */
export function usageLines(rows: readonly BilledRow[], book: PriceBook): DraftLine[] {
  const crowds = crowdsOf(rows, book);
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const crowd = crowds.get(familyOf(row));
    // No event's provider is a control character.
    const key =
      crowd?.has(nameOf(row)) === true ? lineKey(row, "\u0000", "") : lineKey(row, row.provider, row.model);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: row, sums: row });
    else group.sums = addedSums(group.sums, row);
  }
  return [...groups]
    .filter(([, { sums }]) => !isNothing(sums))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, { first, sums }]) => {
      const crowd = crowds.get(familyOf(first));
      const others = crowd?.has(nameOf(first)) === true ? crowd.size : undefined;
      return lineOf(first, sums, others, book.rate(priceBehind(first)));
    });
}

/** Whoever makes up names of models makes no more lines by it: those that share a line, by what they have in common. */
function crowdsOf(rows: readonly BilledRow[], book: PriceBook): Map<string, ReadonlySet<string>> {
  const strangers = new Map<string, Set<string>>();
  for (const row of rows) {
    if (row.model === "" || book.knows(row.provider, row.model)) continue;
    const family = familyOf(row);
    const names = strangers.get(family);
    if (names === undefined) strangers.set(family, new Set([nameOf(row)]));
    else names.add(nameOf(row));
  }
  return new Map([...strangers].filter(([, names]) => names.size > MOST_STRANGERS));
}

/** `2025-01` */
export function monthOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 7);
}

/** What the rows of one line have in common. */
function lineKey(row: BilledRow, provider: string, model: string): string {
  return JSON.stringify([monthOfDay(row.day), provider, model, row.type, priceBehind(row), row.metered]);
}

function familyOf(row: BilledRow): string {
  return lineKey(row, "", "");
}

function nameOf({ provider, model }: BilledRow): string {
  return JSON.stringify([provider, model]);
}

function lineOf(
  row: BilledRow,
  sums: UsageSums,
  others: number | undefined,
  rate: Rate | undefined,
): DraftLine {
  const { type, metered } = row;
  const [provider, model] = others === undefined ? [row.provider, row.model] : ["", ""];
  const { charge, ...counts } = sums;
  const month = monthOfDay(row.day);
  const kind = model === "" ? type.replaceAll("_", " ") : `${provider} ${model}`;
  const what = others === undefined ? kind : `${others} other models`;
  const parts = rate === undefined ? [] : partsOf(sums, rate, row.model !== "");
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
      ...{ kind: "usage", month, provider, model, ...(others !== undefined && { others }) },
      ...{ type, price: priceBehind(row), metered },
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
