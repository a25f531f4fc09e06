import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDecimal } from "../../kernel/index.ts";
import { PRICE_LAYER, PriceBook, parsePriceEntry } from "../pricing/index.ts";
import { rate } from "./rate.ts";
import type { Usage } from "./usage.ts";

const tokens = fc.integer({ min: 0, max: 300_000_000 });
const price = fc.bigInt({ min: 0n, max: 200_000_000n });

const usage: fc.Arbitrary<Usage> = fc.record({
  tenant: fc.constant("acme"),
  type: fc.constant("tokens"),
  provider: fc.constant("p"),
  model: fc.constant("m"),
  ts: fc.constant(Date.UTC(2025, 0, 1)),
  serviceTier: fc.constant(""),
  quantity: fc.constant(1),
  inputTokens: tokens,
  cacheReadTokens: tokens,
  cacheWriteTokens: tokens,
  cacheWrite1hTokens: tokens,
  outputTokens: tokens,
  reasoningTokens: tokens,
  webSearches: fc.constant(0),
});

const prices = fc.record({
  input: price,
  output: price,
  cachedInput: price,
  cacheWrite5m: price,
  cacheWrite1h: price,
});

function bookOf(rates: Record<string, bigint>): PriceBook {
  const text = Object.fromEntries(
    Object.entries(rates).map(([key, value]) => [key, formatDecimal(value, 6)]),
  );
  return new PriceBook(1n, [parsePriceEntry({ provider: "p", model: "m", ...text }, PRICE_LAYER.own)]);
}

describe("rate, for any usage and prices", () => {
  it("is the sum of tokens times price, in exact integers", () => {
    fc.assert(
      fc.property(usage, prices, (used, rates) => {
        const expected =
          BigInt(used.inputTokens) * rates.input +
          BigInt(used.cacheReadTokens) * rates.cachedInput +
          BigInt(used.cacheWriteTokens) * rates.cacheWrite5m +
          BigInt(used.cacheWrite1hTokens) * rates.cacheWrite1h +
          BigInt(used.outputTokens + used.reasoningTokens) * rates.output;
        expect(rate(bookOf(rates), used, "refuse")?.cost).toBe(expected);
      }),
    );
  });

  it("gives two halves of a call the cost of the whole, as there are no bands", () => {
    fc.assert(
      fc.property(usage, usage, prices, (a, b, rates) => {
        const book = bookOf(rates);
        const whole = { ...a } as Record<string, unknown>;
        for (const [key, value] of Object.entries(b))
          if (key.endsWith("Tokens")) whole[key] = (a[key as keyof Usage] as number) + value;
        const sum = (rate(book, a, "refuse")?.cost ?? 0n) + (rate(book, b, "refuse")?.cost ?? 0n);
        expect(rate(book, whole as unknown as Usage, "refuse")?.cost).toBe(sum);
      }),
    );
  });
});
