import { Decimal } from "decimal.js";
import { describe, expect, it } from "vitest";
import { BillingError } from "./errors.ts";
import {
  type DecimalInput,
  divideHalfUp,
  formatDecimal,
  formatUsd,
  joinMoney,
  parseDecimal,
  parseUsd,
  splitByLargestRemainder,
  usdToDecimal,
} from "./money.ts";

const invalidAmount = expect.objectContaining({ code: "invalid_amount", details: { field: "amount" } });

describe("parseDecimal", () => {
  it.each([
    ["0", 0n],
    ["-0", 0n],
    ["7", 700n],
    ["007", 700n],
    ["12.3", 1230n],
    ["12.30", 1230n],
    ["-0.05", -5n],
    [0.1, 10n],
    [-0, 0n],
    [1.15, 115n],
    [Number.MAX_SAFE_INTEGER, 900719925474099100n],
    [new Decimal("2.85"), 285n],
    [new Decimal("-1e3"), -100000n],
  ] as [DecimalInput, bigint][])("reads %s exactly", (input, expected) => {
    expect(parseDecimal(input, 2, "amount")).toBe(expected);
  });

  it.each([
    "",
    " ",
    " 1",
    "1 ",
    "1\n",
    "+1",
    "--1",
    "-",
    ".5",
    "5.",
    "1.2.3",
    "1,000",
    "1_000",
    "1e3",
    "1E3",
    "0x10",
    "10n",
    "NaN",
    "Infinity",
    "$1",
    "1-",
    "１",
    "٣",
    "−1",
  ])("refuses the text %j", (text) => {
    expect(() => parseDecimal(text, 2, "amount")).toThrow(invalidAmount);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-7, 1e21, 2 ** 53, -(2 ** 53)])(
    "refuses the number %d",
    (number) => {
      expect(() => parseDecimal(number, 12, "amount")).toThrow(invalidAmount);
    },
  );

  it.each([
    new Decimal(Number.NaN),
    new Decimal("Infinity"),
    new Decimal("1e9000000000000"),
    new Decimal("1e-9000000000000"),
  ])("refuses the Decimal %s without writing out its zeros", (decimal) => {
    expect(() => parseDecimal(decimal, 12, "amount")).toThrow(invalidAmount);
  });

  it.each([
    ["null", null],
    ["undefined", undefined],
    ["a boolean", true],
    ["a bigint", 1n],
    ["an array", ["1"]],
    ["an object", {}],
    ["an object that poses as a Decimal", { toStringTag: "[object Decimal]", e: 1 }],
    ["a Date", new Date(0)],
  ])("refuses %s", (_type, value) => {
    expect(() => parseDecimal(value as never, 2, "amount")).toThrow(invalidAmount);
  });

  it("refuses more fraction digits than fit instead of rounding", () => {
    expect(() => parseDecimal("1.005", 2, "amount")).toThrow(invalidAmount);
    expect(() => parseDecimal("1.000", 2, "amount")).toThrow(invalidAmount);
    expect(() => parseDecimal("1.0", 0, "amount")).toThrow(invalidAmount);
    expect(() => parseDecimal(new Decimal("0.001"), 2, "amount")).toThrow(invalidAmount);
  });

  it("reads texts of 60 characters and refuses 61", () => {
    expect(parseDecimal("9".repeat(60), 0, "amount")).toBe(10n ** 60n - 1n);
    expect(() => parseDecimal("9".repeat(61), 0, "amount")).toThrow(invalidAmount);
  });

  it("reads the Decimals of another copy of decimal.js", () => {
    const OtherDecimal = Decimal.clone({ precision: 5 });
    expect(parseDecimal(new OtherDecimal("1.25"), 2, "amount")).toBe(125n);
  });
});

describe("USD", () => {
  it("keeps the price of one gpt-4o-mini input token", () => {
    expect(parseUsd("0.00000015", "price")).toBe(150_000n);
    expect(parseUsd(new Decimal("1.5e-7"), "price")).toBe(150_000n);
  });

  it("makes a million calls of 7 in and 3 out on gpt-4o-mini cost 2.85", () => {
    const call = 7n * parseUsd("0.00000015", "price") + 3n * parseUsd("0.0000006", "price");

    expect(formatUsd(1_000_000n * call)).toBe("2.85");
  });

  it("reads 12 fraction digits and refuses 13", () => {
    expect(parseUsd("0.000000000001", "amount")).toBe(1n);
    expect(() => parseUsd("0.0000000000001", "amount")).toThrow(invalidAmount);
  });

  it("becomes a Decimal with every digit", () => {
    expect(usdToDecimal(123456789012345678901234567891n).toFixed()).toBe("123456789012345678.901234567891");
  });
});

describe("formatDecimal", () => {
  it.each([
    [0n, 12, "0"],
    [0n, 0, "0"],
    [1n, 12, "0.000000000001"],
    [-500n, 3, "-0.5"],
    [285n, 2, "2.85"],
    [100n, 2, "1"],
    [-100n, 0, "-100"],
    [10n ** 40n, 2, `1${"0".repeat(38)}`],
  ])("writes %s with %i digits as %s", (value, digits, expected) => {
    expect(formatDecimal(value, digits)).toBe(expected);
  });
});

describe("divideHalfUp", () => {
  it.each([
    [5n, 2n, 3n],
    [-5n, 2n, -3n],
    [5n, -2n, -3n],
    [-5n, -2n, 3n],
    [3n, 2n, 2n],
    [1n, 2n, 1n],
    [1n, 3n, 0n],
    [-1n, 3n, 0n],
    [2n, 3n, 1n],
    [7n, 7n, 1n],
    [0n, -7n, 0n],
    [49n, 100n, 0n],
    [50n, 100n, 1n],
  ])("divides %s by %s to %s", (numerator, denominator, expected) => {
    expect(divideHalfUp(numerator, denominator)).toBe(expected);
  });

  it("reports a division by zero as an internal error", () => {
    expect(() => divideHalfUp(1n, 0n)).toThrow(BillingError);
    expect(() => divideHalfUp(1n, 0n)).toThrow(expect.objectContaining({ kind: "internal" }));
  });
});

describe("splitByLargestRemainder", () => {
  it.each([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [-100n, [1n, 1n, 1n], [-34n, -33n, -33n]],
    [101n, [1n, 1n, 1n], [34n, 34n, 33n]],
    [10n, [1n, 8n, 1n], [1n, 8n, 1n]],
    [1n, [1n, 2n], [0n, 1n]],
    [5n, [0n, 0n], [3n, 2n]],
    [5n, [0n, 1n, 0n], [0n, 5n, 0n]],
    [7n, [3n], [7n]],
    [0n, [1n, 2n], [0n, 0n]],
    [0n, [], []],
  ] as [bigint, bigint[], bigint[]][])("splits %s by %s into %s", (total, weights, expected) => {
    expect(splitByLargestRemainder(total, weights)).toEqual(expected);
  });

  it("refuses negative weights, and no weights for an amount", () => {
    const invalidWeights = expect.objectContaining({ kind: "invalid_input", code: "invalid_weights" });

    expect(() => splitByLargestRemainder(5n, [2n, -1n])).toThrow(invalidWeights);
    expect(() => splitByLargestRemainder(5n, [])).toThrow(invalidWeights);
  });

  it("leaves the weights as they were", () => {
    const weights = [0n, 0n];
    splitByLargestRemainder(5n, weights);
    expect(weights).toEqual([0n, 0n]);
  });
});

describe("joinMoney", () => {
  it("joins the truncated halves of values of both signs", () => {
    expect(joinMoney(2n, 850_000n)).toBe(2_850_000n);
    expect(joinMoney(-2n, -850_000n)).toBe(-2_850_000n);
  });
});
