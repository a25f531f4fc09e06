import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { currencyExponent, formatMinor, parseMinor, picoUsdToCents } from "./currency.ts";

describe("currencyExponent", () => {
  it.each([
    [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
    [2, "USD EUR GBP CHF INR HUF TWD COP IDR MGA NPR BRL"],
    [3, "BHD IQD JOD KWD LYD OMR TND"],
    [4, "CLF UYW"],
  ])("is %i for %s", (exponent, codes) => {
    for (const code of codes.split(" ")) {
      expect([code, currencyExponent(code)]).toEqual([code, exponent]);
    }
  });

  it.each([
    "usd",
    "Usd",
    "",
    "US",
    "USDT",
    " USD",
    "ZZZ",
    "840",
    "__proto__",
    "constructor",
    2,
    null,
    undefined,
  ])("refuses %j", (code) => {
    const unknownCurrency = expect.objectContaining({ kind: "invalid_input", code: "unknown_currency" });
    expect(() => currencyExponent(code as string)).toThrow(unknownCurrency);
  });
});

describe("picoUsdToCents", () => {
  it.each([
    [0n, 0n],
    [4_999_999_999n, 0n],
    [5_000_000_000n, 1n],
    [-4_999_999_999n, 0n],
    [-5_000_000_000n, -1n],
    [1_005_000_000_000n, 101n],
    [2_850_000_000_000n, 285n],
  ])("rounds %s pico-USD to %s cents", (pico, cents) => {
    expect(picoUsdToCents(pico)).toBe(cents);
  });
});

describe("minor units", () => {
  it.each([
    [1230n, "USD", "12.30"],
    [1230n, "JPY", "1230"],
    [1230n, "KWD", "1.230"],
    [1230n, "CLF", "0.1230"],
    [5n, "USD", "0.05"],
    [-5n, "USD", "-0.05"],
    [0n, "USD", "0.00"],
    [0n, "JPY", "0"],
  ])("writes %s %s as %s", (minor, currency, expected) => {
    expect(formatMinor(minor, currency)).toBe(expected);
  });

  it("refuses digits that the currency does not have, and names the field", () => {
    const invalidPrice = expect.objectContaining({ code: "invalid_amount", details: { field: "price" } });

    expect(parseMinor("1.234", "KWD", "price")).toBe(1234n);
    expect(() => parseMinor("1.234", "USD", "price")).toThrow(invalidPrice);
    expect(() => parseMinor("1.2", "JPY", "price")).toThrow(invalidPrice);
  });

  it("are read back as they were written, in every kind of currency", () => {
    const currency = fc.constantFrom("USD", "JPY", "KWD", "CLF");
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), currency, (minor, code) => {
        expect(parseMinor(formatMinor(minor, code), code, "amount")).toBe(minor);
      }),
    );
  });
});
