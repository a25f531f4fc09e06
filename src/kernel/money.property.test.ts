import { Decimal } from "decimal.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  divideHalfUp,
  formatDecimal,
  formatUsd,
  joinMoney,
  parseDecimal,
  parseUsd,
  splitByLargestRemainder,
  usdToDecimal,
} from "./money.ts";

const thirtyDigits = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
const nonZero = thirtyDigits.filter((value) => value !== 0n);
const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 15n }), { minLength: 1, maxLength: 12 });

describe("decimal text", () => {
  it("reads back what it wrote, at every scale", () => {
    fc.assert(
      fc.property(thirtyDigits, fc.integer({ min: 0, max: 20 }), (value, digits) => {
        expect(parseDecimal(formatDecimal(value, digits), digits, "amount")).toBe(value);
      }),
    );
  });

  it("is the shortest plain decimal", () => {
    fc.assert(
      fc.property(thirtyDigits, (value) => {
        expect(formatUsd(value)).toMatch(/^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/);
      }),
    );
  });

  it("survives Decimal with 30 digits", () => {
    fc.assert(
      fc.property(thirtyDigits, (pico) => {
        expect(parseUsd(usdToDecimal(pico), "amount")).toBe(pico);
        expect(usdToDecimal(pico).toFixed()).toBe(formatUsd(pico));
      }),
    );
  });

  it("reads a number as the digits that were typed for it", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 14), max: 10 ** 14 }), (cents) => {
        expect(parseDecimal(cents / 100, 2, "amount")).toBe(BigInt(cents));
      }),
    );
  });
});

describe("divideHalfUp", () => {
  it("agrees with decimal.js at 80 digits", () => {
    const Wide = Decimal.clone({ precision: 80, rounding: Decimal.ROUND_HALF_UP });
    fc.assert(
      fc.property(thirtyDigits, nonZero, (numerator, denominator) => {
        const quotient = new Wide(numerator.toString()).div(denominator.toString());
        expect(divideHalfUp(numerator, denominator).toString()).toBe(
          quotient.round().plus(0).toFixed().replace(/^-0$/, "0"),
        );
      }),
    );
  });

  it("moves every tie away from zero", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        fc.bigInt({ min: 1n, max: 10n ** 10n }),
        (whole, half) => {
          const tie = (2n * whole + 1n) * half;
          expect(divideHalfUp(tie, 2n * half)).toBe(whole + 1n);
          expect(divideHalfUp(-tie, 2n * half)).toBe(-whole - 1n);
        },
      ),
    );
  });

  it("mirrors when a sign changes", () => {
    fc.assert(
      fc.property(thirtyDigits, nonZero, (numerator, denominator) => {
        const quotient = divideHalfUp(numerator, denominator);
        expect(divideHalfUp(-numerator, denominator)).toBe(-quotient);
        expect(divideHalfUp(numerator, -denominator)).toBe(-quotient);
      }),
    );
  });
});

describe("splitByLargestRemainder", () => {
  it("sums exactly to the total and mirrors a negative one", () => {
    fc.assert(
      fc.property(thirtyDigits, weights, (total, shares) => {
        const parts = splitByLargestRemainder(total, shares);
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(total);
        expect(splitByLargestRemainder(-total, shares)).toEqual(parts.map((part) => -part));
      }),
    );
  });

  it("keeps each part within one unit of its exact share", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), weights, (total, shares) => {
        const sum = shares.reduce((left, right) => left + right, 0n);
        fc.pre(sum > 0n);
        splitByLargestRemainder(total, shares).forEach((part, index) => {
          const difference = part * sum - total * (shares[index] ?? 0n);
          expect(difference > -sum && difference < sum).toBe(true);
        });
      }),
    );
  });

  it("gives spare units to the largest remainders, earlier ones first", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 1000n }),
        fc.array(fc.bigInt(0n, 5n), { minLength: 2 }),
        (total, shares) => {
          const sum = shares.reduce((left, right) => left + right, 0n);
          fc.pre(sum > 0n);
          const parts = splitByLargestRemainder(total, shares);
          const remainders = shares.map((share) => (total * share) % sum);
          const gotSpare = parts.map((part, index) => part > (total * (shares[index] ?? 0n)) / sum);
          for (let i = 0; i < parts.length; i += 1) {
            for (let j = i + 1; j < parts.length; j += 1) {
              if (gotSpare[j] && !gotSpare[i]) {
                expect(remainders[j]).toBeGreaterThan(remainders[i] ?? 0n);
              }
              if (gotSpare[i] && !gotSpare[j]) {
                expect(remainders[i]).toBeGreaterThanOrEqual(remainders[j] ?? 0n);
              }
            }
          }
        },
      ),
    );
  });
});

describe("joinMoney", () => {
  it("restores the sum of values that were split as SQL splits them", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (values) => {
        const add = (left: bigint, right: bigint): bigint => left + right;
        const hi = values.map((value) => value / 1_000_000n).reduce(add, 0n);
        const lo = values.map((value) => value % 1_000_000n).reduce(add, 0n);
        expect(joinMoney(hi, lo)).toBe(values.reduce(add, 0n));
      }),
    );
  });
});
