import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roundDecimal, shiftDecimal } from "./decimal-text.ts";
import { JsonNumber, parseExactJson } from "./exact-json.ts";

/** The value with every number as `Number`, as JSON.parse would have given it. */
function asFloats(value: unknown): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(asFloats);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asFloats(item)]));
}

const numberText = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.bigInt({ min: 0n, max: 10n ** 25n }),
    fc.option(fc.stringMatching(/^\d{1,20}$/), { nil: undefined }),
    fc.option(fc.stringMatching(/^[eE][+-]?\d{1,2}$/), { nil: undefined }),
  )
  .map(([sign, whole, fraction, exponent]) => ({
    text: `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${exponent ?? ""}`,
    // The exact value in units of 10^-150, by another way than the code under test takes.
    units:
      (sign === "-" ? -1n : 1n) *
      BigInt(`${whole}${fraction ?? ""}`) *
      10n ** BigInt(150 - (fraction?.length ?? 0) + Number(exponent?.slice(1) ?? 0)),
  }));

function unitsOf(plain: string): bigint {
  expect(plain).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
  const [whole = "", fraction = ""] = plain.replace("-", "").split(".");
  return (plain.startsWith("-") ? -1n : 1n) * BigInt(whole + fraction.padEnd(150, "0"));
}

describe("parseExactJson", () => {
  it("reads what JSON.parse reads, numbers aside", () => {
    const strings = fc.oneof(
      fc.string(),
      fc.constantFrom("1", '"', "\\", '\\"1.5', "\ue000", "\ue0001", "\\ue000", "-1e5", "\u0000", ": 1,"),
    );
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(
          strings,
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.boolean(),
          fc.constant(null),
        ),
        fc.array(tie("value")),
        fc.dictionary(
          strings.filter((key) => key !== "__proto__"),
          tie("value"),
          { noNullPrototype: true },
        ),
      ),
    })).value;
    fc.assert(
      fc.property(values, fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(asFloats(parseExactJson(text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it("keeps every digit of every number, in its place", () => {
    const items = fc.array(
      fc.oneof(
        numberText.map(({ text }) => ({ text })),
        fc.string(),
      ),
    );
    fc.assert(
      fc.property(items, (list) => {
        const text = `[${list.map((item) => (typeof item === "string" ? JSON.stringify(item) : item.text)).join(" , ")}]`;
        const read = parseExactJson(text) as unknown[];
        expect(read.map((item) => (item instanceof JsonNumber ? { text: item.text } : item))).toEqual(list);
      }),
      { numRuns: 500 },
    );
  });

  it("takes an escaped private-use character for what it is", () => {
    expect(parseExactJson('["\\uE0001", "\\ue000", 7]')).toEqual(["\ue0001", "\ue000", new JsonNumber("7")]);
  });

  it("refuses what is no JSON, whatever it looks like", () => {
    for (const text of [
      "01",
      "1.",
      ".5",
      "+1",
      "1e",
      "-",
      "[1,]",
      "{1:2}",
      "NaN",
      '"a',
      "1 2",
      "",
      "0x10",
      "--1",
    ]) {
      expect(() => parseExactJson(text), text).toThrow(SyntaxError);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        if (!isJson) expect(() => parseExactJson(text)).toThrow(SyntaxError);
      }),
    );
  });
});

describe("shiftDecimal", () => {
  it.each([
    ["1.5e-7", 6, "0.15"],
    ["0.00000015", 6, "0.15"],
    ["2.5E-06", 6, "2.5"],
    ["1E+2", 0, "100"],
    ["15", -3, "0.015"],
    ["0.0", 6, "0"],
    ["-0", 6, "0"],
    ["0e-5", 6, "0"],
    ["1.30e-10", 6, "0.00013"],
  ])("writes %s times 10^%i as %s", (text, places, plain) => {
    expect(shiftDecimal(text, places)).toBe(plain);
  });

  it("is exact for every number", () => {
    fc.assert(
      fc.property(numberText, fc.integer({ min: -6, max: 6 }), ({ text, units }, places) => {
        const shifted = shiftDecimal(text, places) ?? "undefined";
        expect(places < 0 ? unitsOf(shifted) * 10n ** BigInt(-places) : unitsOf(shifted)).toBe(
          places < 0 ? units : units * 10n ** BigInt(places),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it("refuses exponents that would fill the memory", () => {
    for (const text of ["1e999999999", "1e-999999999", "1e99999999999", "x", "", "1e"])
      expect(shiftDecimal(text, 6)).toBeUndefined();
  });
});

describe("roundDecimal", () => {
  it.each([
    ["0.15000099999999998", "0.150001"],
    ["0.0000005", "0.000001"],
    ["0.00000049", "0"],
    ["1.9999995", "2"],
    ["3.14", "3.14"],
  ])("rounds %s half up to %s", (text, rounded) => {
    expect(roundDecimal(text, 6)).toBe(rounded);
  });
});
