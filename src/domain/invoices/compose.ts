// From lines to totals: pure, and the same for a preview and for what is issued.

import { divideHalfUp, parseDecimal, splitByLargestRemainder } from "../../kernel/index.ts";
import type { DraftDiscount, DraftLine, InvoiceContent, IssuedLine, LineGroup, TaxRule } from "./invoice.ts";

/** Digits behind the point of a tax percentage. */
export const TAX_DIGITS = 6;
const KEPT = "Not billed, or credited before";
const WHOLE = 100n * 10n ** BigInt(TAX_DIGITS);

export type Totals = Pick<
  InvoiceContent,
  "lines" | "subtotal" | "discounts" | "taxes" | "taxTotal" | "total"
>;

/** What lines keep back of what they take back. */
export function keptOf(lines: readonly DraftLine[]): bigint {
  return sum(lines.map(({ kept = 0n }) => kept));
}

/**
 * Lines with their parts of discounts and tax, and the totals that they add up to.
 *
 * Discounts are spread over the positive lines by largest remainder. Tax is rounded once per rate, half up, over the
 * discounted sum of its lines, and spread back in the same way, so: subtotal = the lines; each discount and each tax = its
 * parts; total = subtotal - discounts + taxes. What lines keep is a discount of less than nothing. Discounts beyond the subtotal are the caller's mistake.
 */
export function composeTotals(input: {
  readonly lines: readonly DraftLine[];
  readonly discounts: readonly DraftDiscount[];
  readonly taxes: Readonly<Record<LineGroup, TaxRule>>;
}): Totals {
  const { lines, discounts, taxes } = input;
  const kept = keptOf(lines);
  const off = sum(discounts.map(({ amount }) => amount));
  const parts = spread(
    off,
    lines.map(({ amount }) => amount),
  );
  const offs = lines.map(({ kept = 0n }, index) => (parts[index] ?? 0n) - kept);
  const nets = lines.map(({ amount }, index) => amount - (offs[index] ?? 0n));
  const rules = lines.map(({ tax, group }) => tax ?? taxes[group]);
  const taxParts = lines.map(() => 0n);
  const rates = taxRates(rules).map(({ percent, note }) => {
    const taxed = rules.flatMap((rule, index) => (isSameRate(rule, { percent, note }) ? [index] : []));
    const base = sum(taxed.map((index) => nets[index] ?? 0n));
    const amount = taxOf(base, percent);
    const shares = spread(
      amount,
      taxed.map((index) => nets[index] ?? 0n),
    );
    taxed.forEach((index, n) => {
      taxParts[index] = shares[n] ?? 0n;
    });
    return { percent, note, base: Number(base), amount: Number(amount) };
  });
  const subtotal = sum(lines.map(({ amount }) => amount));
  const taxTotal = sum(taxParts);
  return {
    lines: lines.map((line, index): IssuedLine => {
      const { group, description, detail, quantity, unit, unitPrice, amount, source } = line;
      return {
        ...{ id: `L${index + 1}`, group, description, detail, quantity, unit, unitPrice },
        ...{ amount: Number(amount), discount: Number(offs[index] ?? 0n) },
        ...{ taxPercent: rules[index]?.percent ?? "0", tax: Number(taxParts[index] ?? 0n), source },
      };
    }),
    subtotal: Number(subtotal),
    discounts: [
      ...(kept === 0n ? [] : [{ description: KEPT, amount: Number(kept), code: null }]),
      ...discounts.map(({ description, amount, source }) => ({
        ...{ description, amount: -Number(amount), code: source.code },
      })),
    ],
    taxes: rates,
    taxTotal: Number(taxTotal),
    total: Number(subtotal + kept - off + taxTotal),
  };
}

/** The tax on a base: rounded once, half up, ties away from zero. */
export function taxOf(base: bigint, percent: string): bigint {
  return divideHalfUp(base * parseDecimal(percent, TAX_DIGITS, "percent"), WHOLE);
}

/** Each rate that is used once, in the order of its first line. Rates that say something else are apart. */
function taxRates(rules: readonly TaxRule[]): readonly TaxRule[] {
  const rates: TaxRule[] = [];
  for (const rule of rules) if (!rates.some((rate) => isSameRate(rate, rule))) rates.push(rule);
  return rates;
}

function isSameRate(left: TaxRule, right: TaxRule): boolean {
  return left.percent === right.percent && left.note === right.note;
}

/** An amount over lines by their own amounts; only those of its sign take part. */
function spread(amount: bigint, over: readonly bigint[]): readonly bigint[] {
  if (amount === 0n || over.length === 0) return over.map(() => 0n);
  const weights = over.map((one) => (one > 0n === amount > 0n && one !== 0n ? (one < 0n ? -one : one) : 0n));
  if (weights.every((weight) => weight === 0n)) return over.map((_, index) => (index === 0 ? amount : 0n));
  return splitByLargestRemainder(amount, weights);
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
