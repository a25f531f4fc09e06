import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDecimal } from "../../kernel/index.ts";
import { discountOf, PERCENT_DIGITS, percentOff, WHOLE } from "./amount.ts";
import { canonicalCode } from "./code-text.ts";
import type { Worth } from "./discount.ts";
import { tierAfter, tierReached, VOLUME_TIERS, volumePercent } from "./volume.ts";

const numRuns = 1_000;
const cents = fc.oneof(fc.bigInt({ min: 0n, max: 100_000_000_000n }), fc.bigInt({ min: 0n, max: 2_000n }));
const units = fc.bigInt({ min: 0n, max: WHOLE });
const textOf = (percent: bigint) => formatDecimal(percent, PERCENT_DIGITS);
const worths: fc.Arbitrary<Worth> = fc.oneof(
  units.map((percent) => ({ type: "percentage" as const, percent: textOf(percent) })),
  cents.map((amount) => ({ type: "fixed_amount" as const, amount })),
  fc.constant({ type: "volume" as const }),
);
const volumePercents = fc.constantFrom("0", "5", "10", "15", "20");

describe("the amount of a discount", () => {
  it("is the exact percentage rounded once, half up", () => {
    fc.assert(
      fc.property(cents, units, (amount, percent) => {
        const twice = 2n * (percentOff(amount, textOf(percent)) * WHOLE - amount * percent);
        expect(twice > -WHOLE && twice <= WHOLE).toBe(true);
      }),
      { numRuns },
    );
    expect(percentOff(101n, "50")).toBe(51n);
    expect(percentOff(100n, "0.5")).toBe(1n);
    expect(percentOff(100n, "0.4999")).toBe(0n);
    expect(percentOff(29_900n, "33.3333")).toBe(9_967n);
  });

  it("is never below zero and never above what is left of the purchase", () => {
    fc.assert(
      fc.property(cents, worths, volumePercents, (left, worth, volume) => {
        const { discount } = discountOf(worth, left, volume);
        expect(discount >= 0n && discount <= left).toBe(true);
      }),
      { numRuns },
    );
    expect(discountOf({ type: "fixed_amount", amount: 500n }, 499n, "0").discount).toBe(499n);
    expect(percentOff(7n, "100")).toBe(7n);
  });

  it("does not fall when the purchase or the percentage grows", () => {
    fc.assert(
      fc.property(cents, cents, units, units, (a, b, p, q) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const [less, more] = p < q ? [p, q] : [q, p];
        expect(percentOff(low, textOf(p)) <= percentOff(high, textOf(p))).toBe(true);
        expect(percentOff(a, textOf(less)) <= percentOff(a, textOf(more))).toBe(true);
      }),
      { numRuns },
    );
  });

  it("leaves nothing below zero, however many codes stack", () => {
    fc.assert(
      fc.property(cents, fc.array(worths, { maxLength: 6 }), volumePercents, (purchase, codes, volume) => {
        let left = purchase;
        for (const worth of codes) left -= discountOf(worth, left, volume).discount;
        expect(left >= 0n && left <= purchase).toBe(true);
      }),
      { numRuns },
    );
  });
});

describe("the volume tiers", () => {
  it("are reached at their threshold, and not one cent before", () => {
    const dollars = [10_000, 50_000, 100_000, 500_000];
    const percents = ["5", "10", "15", "20"];
    expect(VOLUME_TIERS.map(({ thresholdCents }) => thresholdCents)).toEqual(dollars.map((usd) => usd * 100));
    const before = ["0", ...percents];
    for (const [index, { thresholdCents }] of VOLUME_TIERS.entries()) {
      expect(volumePercent(BigInt(thresholdCents) - 1n)).toBe(before[index]);
      expect(volumePercent(BigInt(thresholdCents))).toBe(percents[index]);
    }
  });

  it("give every sum the largest tier that it has reached, and name the next one", () => {
    const edges = fc
      .tuple(fc.constantFrom(...VOLUME_TIERS), fc.integer({ min: -2, max: 2 }))
      .map(([{ thresholdCents }, offset]) => BigInt(thresholdCents + offset));
    fc.assert(
      fc.property(fc.oneof(cents, edges), (spent) => {
        const reached = VOLUME_TIERS.filter(({ thresholdCents }) => BigInt(thresholdCents) <= spent);
        expect(tierReached(spent)).toEqual(reached[reached.length - 1]);
        expect(tierAfter(spent)).toEqual(VOLUME_TIERS[reached.length]);
      }),
      { numRuns },
    );
  });
});

describe("a canonical code", () => {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const inner = fc.string({ unit: fc.constantFrom(...`${letters}-_`), maxLength: 62 });
  const end = fc.constantFrom(...letters);
  const codes = fc.tuple(end, inner, end).map((parts) => parts.join(""));
  const blanks = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", "\u00a0"), maxLength: 3 });

  it("is the same for every spelling of it in upper or lower case and with blanks around", () => {
    fc.assert(
      fc.property(codes, blanks, blanks, fc.infiniteStream(fc.boolean()), (code, left, right, isUpper) => {
        const spelt = [...code].map((letter) =>
          isUpper.next().value ? letter.toUpperCase() : letter.toLowerCase(),
        );
        const canonical = canonicalCode(left + spelt.join("") + right);
        expect(canonical).toBe(code.toUpperCase());
        expect(canonicalCode(canonical as string)).toBe(canonical);
      }),
      { numRuns },
    );
  });

  it("exists of nothing but ASCII letters, digits, hyphens and underscores", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string(), codes), (text) => {
        const canonical = canonicalCode(text);
        if (canonical === undefined) expect(/^[A-Z0-9]+$/.test(text)).toBe(text.length > 64);
        else expect(canonical).toMatch(/^[A-Z0-9]([A-Z0-9_-]{0,62}[A-Z0-9])?$/);
      }),
      { numRuns },
    );
    for (const text of ["", "-A", "A_", "A B", "ſALE", "maß", "ıI", "А1", "A".repeat(65), "A\u0000"])
      expect(canonicalCode(text), text).toBeUndefined();
  });
});
