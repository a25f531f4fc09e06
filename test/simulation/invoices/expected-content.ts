// What an invoice's lines add up to, from docs/invoices.md: discounts, tax once per rate, the total.

import { percentText } from "../discounts/expected-discounts.ts";
import { type Line, rounded } from "./expected-billing.ts";

export interface Terms {
  /** Hundred-thousandths: 19_000 is 19 %. */
  readonly tax: number;
  /** Of usage, where it is taxed otherwise. */
  readonly usageTax: number | null;
  readonly code: string | null;
  readonly volumeDiscount: boolean;
  readonly applyCredits: boolean;
  readonly alwaysMetered: boolean;
  readonly dueInDays: number;
  readonly items: readonly { readonly description: string; readonly cents: number }[];
}

/** A line with what it does not give back, and the tax of the line that it takes back. */
export interface TakenLine extends Line {
  readonly kept?: number;
  readonly oldTax?: number | undefined;
}

export interface FullLine extends Line {
  readonly discount: number;
  readonly tax: number;
  readonly taxPart: number;
}

export interface Content {
  readonly lines: readonly FullLine[];
  readonly subtotal: number;
  readonly discounts: readonly { readonly description: string; readonly cents: number }[];
  readonly taxes: readonly { readonly tax: number; readonly base: number; readonly cents: number }[];
  readonly taxTotal: number;
  readonly total: number;
  readonly creditsApplied: number;
  readonly creditsIssued: number;
}

/** The engine's order of lines: parts of discounts and tax depend on it. */
export type Order = readonly string[] | null;

export interface Failure {
  readonly code: string;
}

/** What a code takes off a purchase; `percent` null for an amount. */
export interface CodeGrant {
  readonly discount: number;
  readonly percent: string | null;
}

/** Cents before any discount, and what the volume discount takes off them. */
export interface Purchase {
  readonly purchase: number;
  readonly volume: number;
}

/** A content before it is paid. */
export type Totals = Omit<Content, "creditsApplied" | "creditsIssued">;

const WHOLE = 100_000n;

/**
 * What lines and the items of the terms come to.
 *
 * @param percent of the volume discount.
 * @param grant what the terms' code takes off.
 */
export function totalsOf(
  all: readonly TakenLine[],
  terms: Terms,
  order: Order,
  percent: number,
  grant: (purchase: Purchase) => CodeGrant | Failure,
): Totals | Failure {
  const items = terms.items.map(({ description, cents }): TakenLine => {
    return { group: "item", description, cents, detail: "", key: "" };
  });
  const lines = inOrder([...all, ...items], order);
  const subtotal = sumOf(lines.map(({ cents }) => cents));
  const discounts: { description: string; cents: number }[] = [];
  const kept = sumOf(lines.map((line) => line.kept ?? 0));
  const base = subtotal + kept;
  if (kept !== 0) discounts.push({ description: "Not billed, or credited before", cents: 0 - kept });
  const volumePercent = terms.volumeDiscount && base > 0 ? percent : 0;
  const volume = Number(rounded(BigInt(base) * BigInt(volumePercent), 100n));
  if (volume !== 0) discounts.push({ description: `Volume discount ${volumePercent} %`, cents: volume });
  if (terms.code !== null && base - volume > 0) {
    const found = grant({ purchase: base, volume });
    if ("code" in found) return found;
    const worth = found.percent === null ? "" : ` ${found.percent} %`;
    discounts.push({ description: `Discount code ${terms.code}${worth}`, cents: found.discount });
  }
  const off = sumOf(discounts.map(({ cents }) => cents));
  const parts = spread(
    off + kept,
    lines.map(({ cents }) => cents),
  );
  const discounted = lines.map((line, index) => {
    const discount = (parts[index] ?? 0) - (line.kept ?? 0);
    const tax = line.oldTax ?? (line.group === "usage" ? (terms.usageTax ?? terms.tax) : terms.tax);
    return { ...line, discount, net: line.cents - discount, tax, taxPart: 0 };
  });
  const taxes = [...new Set(discounted.map(({ tax }) => tax))].map((tax) => {
    const taxed = discounted.filter((line) => line.tax === tax);
    const base = sumOf(taxed.map(({ net }) => net));
    const cents = Number(rounded(BigInt(base) * BigInt(tax), WHOLE));
    const shares = spread(
      cents,
      taxed.map(({ net }) => net),
    );
    for (const [index, line] of taxed.entries()) line.taxPart = shares[index] ?? 0;
    return { tax, base, cents };
  });
  const taxTotal = sumOf(taxes.map(({ cents }) => cents));
  return {
    lines: discounted.map(({ net: _, ...line }) => line),
    ...{ subtotal, discounts, taxes, taxTotal, total: subtotal - off + taxTotal },
  };
}

export function lineText({ group, description, cents, detail }: Omit<Line, "key">): string {
  return `${group} ${description}: ${cents} ${detail}`;
}

export function taxText(tax: number): string {
  return percentText(tax * 10);
}

/** The lines as the engine has them, where they are the same lines. */
function inOrder(lines: readonly TakenLine[], order: Order): readonly TakenLine[] {
  const left = [...lines];
  const sorted = (order ?? []).flatMap((text) => {
    const index = left.findIndex((line) => lineText(line) === text);
    return index < 0 ? [] : left.splice(index, 1);
  });
  return [...sorted, ...left];
}

/** What a code is used on. */
export function purchaseOf({ subtotal, discounts }: Pick<Content, "subtotal" | "discounts">): Purchase {
  const kept = sumOf(discounts.map(({ cents }) => Math.max(0, 0 - cents)));
  const volume = discounts.find(({ description }) => description.startsWith("Volume discount"));
  return { purchase: subtotal + kept, volume: volume?.cents ?? 0 };
}

/** An amount over parts of its own sign, in proportion: whole cents, the largest remainders up, the first of equal ones. */
export function spread(amount: number, over: readonly number[]): number[] {
  const sign = amount < 0 ? -1 : 1;
  const weights = over.map((one) => BigInt(Math.max(0, one * sign)));
  const whole = weights.reduce((sum, one) => sum + one, 0n);
  const size = BigInt(amount * sign);
  if (size === 0n) return over.map(() => 0);
  if (whole === 0n) return over.map((_, index) => (index === 0 ? amount : 0));
  const parts = weights.map((weight) => Number((size * weight) / whole));
  const rests = weights.map((weight, index) => ({ index, rest: (size * weight) % whole }));
  rests.sort((a, b) => (a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1));
  for (const { index } of rests.slice(0, Number(size) - sumOf(parts))) parts[index] = (parts[index] ?? 0) + 1;
  return parts.map((part) => part * sign);
}

export function sumOf(all: readonly number[]): number {
  return all.reduce((sum, one) => sum + one, 0);
}
