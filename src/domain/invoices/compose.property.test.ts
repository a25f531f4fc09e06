import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { composeTotals, taxOf } from "./compose.ts";
import type { DraftDiscount, DraftLine, LineGroup, TaxRule } from "./invoice.ts";
import { addsUp } from "./verify.ts";

const GROUPS: readonly LineGroup[] = ["subscription", "usage", "item"];
const PERCENTS = ["0", "5.5", "7.7", "8.875", "10", "19", "20", "25"];

function lineOf(group: LineGroup, amount: bigint): DraftLine {
  return {
    ...{ group, description: "line", detail: "", quantity: null, unit: null, unitPrice: null, amount },
    source: { kind: "item" },
  };
}

function discountOf(amount: bigint): DraftDiscount {
  return { description: "off", amount, source: { kind: "code", code: "OFF" } };
}

const lines = fc
  .array(fc.tuple(fc.constantFrom(...GROUPS), fc.bigInt({ min: -50_000n, max: 500_000n })), {
    minLength: 1,
    maxLength: 50,
  })
  .map((all) => all.map(([group, amount]) => lineOf(group, amount)));
const taxes = fc
  .array(fc.constantFrom(...PERCENTS), { minLength: 3, maxLength: 3 })
  .map(
    (percents) =>
      Object.fromEntries(
        GROUPS.map((group, index) => [group, { percent: percents[index], note: null }]),
      ) as Record<LineGroup, TaxRule>,
  );
/** Discounts of at most the subtotal, as parts of a thousand of it. */
const shares = fc.array(fc.bigInt({ min: 0n, max: 333n }), { maxLength: 3 });

function invoice(drawn: readonly DraftLine[], parts: readonly bigint[], rules: Record<LineGroup, TaxRule>) {
  const subtotal = drawn.reduce((sum, { amount }) => sum + amount, 0n);
  const discounts = subtotal > 0n ? parts.map((part) => discountOf((subtotal * part) / 1_000n)) : [];
  return composeTotals({ lines: drawn, discounts, taxes: rules });
}

describe("totals", () => {
  it("are the sums of their parts, whatever the lines, discounts and rates", () => {
    fc.assert(
      fc.property(lines, shares, taxes, (drawn, parts, rules) => {
        const totals = invoice(drawn, parts, rules);
        const rest = { currency: "USD", creditsApplied: 0, creditsIssued: 0, seller: null, notes: [] };
        const buyer = { name: "", address: [], country: null, taxId: null, email: null };
        expect(addsUp({ ...totals, ...rest, buyer, paymentInstructions: null })).toBe(true);
        expect(totals.lines.map(({ amount }) => BigInt(amount))).toEqual(drawn.map(({ amount }) => amount));
      }),
      { numRuns: 1_000 },
    );
  });

  it("round tax once per rate, over the discounted sum of its lines", () => {
    fc.assert(
      fc.property(lines, shares, taxes, (drawn, parts, rules) => {
        const { lines: issued, taxes: rated } = invoice(drawn, parts, rules);
        for (const { percent, base, amount } of rated) {
          const same = issued.filter(({ taxPercent }) => taxPercent === percent);
          expect(base).toBe(same.reduce((sum, line) => sum + line.amount - line.discount, 0));
          // By thousandths of a percent, apart from the code: 8.875 % = 8875 / 100000.
          const thousandths = Math.round(Number(percent) * 1_000);
          const exact = BigInt(base) * BigInt(thousandths);
          const twice = exact * 2n;
          const rounded = (twice + (twice < 0n ? -100_000n : 100_000n)) / 200_000n;
          expect(BigInt(amount)).toBe(rounded);
        }
        expect(new Set(rated.map(({ percent }) => percent)).size).toBe(rated.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it("spread discounts over positive lines only, each within a cent of its share", () => {
    fc.assert(
      fc.property(lines, shares, taxes, (drawn, parts, rules) => {
        const { lines: issued, discounts } = invoice(drawn, parts, rules);
        const off = discounts.reduce((sum, { amount }) => sum - amount, 0);
        const positive = issued.reduce((sum, { amount }) => sum + Math.max(0, amount), 0);
        for (const { amount, discount } of issued) {
          if (amount <= 0) expect(discount).toBe(0);
          else expect(Math.abs(discount - (off * amount) / positive)).toBeLessThan(1.000_001);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("tax", () => {
  it("on ten lines of 5 cents at 10 % is 5 cents, not ten times half a cent", () => {
    const ten = Array.from({ length: 10 }, () => lineOf("item", 5n));
    const rule = { percent: "10", note: null };
    const totals = composeTotals({
      ...{ lines: ten, discounts: [] },
      taxes: { subscription: rule, usage: rule, item: rule },
    });
    expect(totals).toMatchObject({ subtotal: 50, taxTotal: 5, total: 55 });
    expect(totals.lines.map(({ tax }) => tax)).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
  });

  it("rounds half a cent away from zero, on both sides", () => {
    expect([taxOf(5n, "10"), taxOf(-5n, "10"), taxOf(4n, "10"), taxOf(0n, "19")]).toEqual([1n, -1n, 0n, 0n]);
  });
});
