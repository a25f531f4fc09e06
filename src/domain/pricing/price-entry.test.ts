import { describe, expect, it } from "vitest";
import { BillingError } from "../../kernel/index.ts";
import { PRICE_LAYER, parsePriceEntry, priceEntryToJson } from "./price-entry.ts";
import { SHIPPED_PRICES } from "./shipped-prices.ts";

const GOOD = { provider: "openai", model: "gpt-x", input: "2.50", output: "10" };

function fieldOf(input: unknown): unknown {
  try {
    parsePriceEntry(input, PRICE_LAYER.own, "prices[0]");
  } catch (error) {
    expect(error).toBeInstanceOf(BillingError);
    return (error as BillingError).details.field;
  }
  return "accepted";
}

describe("parsePriceEntry", () => {
  it("reads dollars per million tokens as pico-dollars per token", () => {
    const entry = parsePriceEntry({ ...GOOD, cachedInput: "0.000001" }, PRICE_LAYER.own);
    expect(entry).toMatchObject({
      input: 2_500_000n,
      output: 10_000_000n,
      cachedInput: 1n,
      reasoning: undefined,
    });
  });

  it.each([
    ["an unknown field", { ...GOOD, inptu: "1" }, "prices[0].inptu"],
    [
      "a prototype key",
      JSON.parse('{"provider":"p","model":"m","input":"1","output":"1","__proto__":{}}'),
      "prices[0].__proto__",
    ],
    ["a missing input price", { ...GOOD, input: undefined }, "prices[0].input"],
    ["a negative price", { ...GOOD, output: "-1" }, "prices[0].output"],
    ["a price finer than a pico-dollar per token", { ...GOOD, input: "0.0000001" }, "prices[0].input"],
    ["an exponent", { ...GOOD, input: "1e3" }, "prices[0].input"],
    ["NaN", { ...GOOD, input: Number.NaN }, "prices[0].input"],
    ["a price above a million", { ...GOOD, input: "1000000.01" }, "prices[0].input"],
    ["an empty model", { ...GOOD, model: "" }, "prices[0].model"],
    ["a date without a zone", { ...GOOD, effectiveFrom: "2025-01-01T00:00:00" }, "prices[0].effectiveFrom"],
    ["an impossible date", { ...GOOD, effectiveFrom: "2025-02-29T00:00:00Z" }, "prices[0].effectiveFrom"],
    [
      "an end before its start",
      { ...GOOD, effectiveFrom: "2025-02-01T00:00:00Z", effectiveTo: "2025-01-01T00:00:00Z" },
      "prices[0].effectiveTo",
    ],
    [
      "a band without output",
      { ...GOOD, bands: [{ aboveInputTokens: 5, input: "1" }] },
      "prices[0].bands[0].output",
    ],
    [
      "bands out of order",
      {
        ...GOOD,
        bands: [
          { aboveInputTokens: 5, input: "1", output: "1" },
          { aboveInputTokens: 5, input: "2", output: "2" },
        ],
      },
      "prices[0].bands",
    ],
    [
      "an unknown field of a tier",
      { ...GOOD, tiers: { batch: { input: "1", output: "1", x: 1 } } },
      "prices[0].tiers.batch.x",
    ],
    ["a list", [], "prices[0]"],
  ])("refuses %s and names it", (_, input, field) => {
    expect(fieldOf(input)).toBe(field);
  });

  it("names an entry by its content, whatever the order or spelling it was written in", () => {
    const one = parsePriceEntry({ ...GOOD, aliases: ["b", "a"] }, PRICE_LAYER.own);
    const other = parsePriceEntry(
      { output: 10, input: "2.5", aliases: ["a", "b", "a"], model: "gpt-x", provider: "OpenAI" },
      PRICE_LAYER.own,
    );
    expect(other.id).toBe(one.id);
    expect(parsePriceEntry({ ...GOOD, output: "10.000001" }, PRICE_LAYER.own).id).not.toBe(one.id);
  });

  it("writes an entry that reads back as itself", () => {
    const full = parsePriceEntry(
      {
        ...GOOD,
        aliases: ["alias"],
        cachedInput: "0.1",
        cacheWrite5m: "0.2",
        cacheWrite1h: "0.3",
        reasoning: "0.4",
        perUnit: "0.000000000001",
        unitSize: 1024,
        perWebSearch: "0.01",
        bands: [{ aboveInputTokens: 200_000, input: "5", output: "20", cachedInput: "0.2" }],
        tiers: {
          flex: { input: "1", output: "5", bands: [{ aboveInputTokens: 1, input: "2", output: "3" }] },
        },
        effectiveFrom: "2025-01-01T00:00:00Z",
        effectiveTo: "2026-01-01T00:00:00+05:45",
        source: "the price page",
      },
      PRICE_LAYER.own,
    );
    expect(parsePriceEntry(priceEntryToJson(full), PRICE_LAYER.own)).toEqual(full);
  });
});

describe("the shipped prices", () => {
  it("never change: a new price is a new dated entry", () => {
    expect(
      SHIPPED_PRICES.map(({ id, provider, model }) => `${provider}/${model} ${id}`),
    ).toMatchInlineSnapshot(`
      [
        "anthropic/claude-opus-4 price_354735889818",
        "anthropic/claude-sonnet-4 price_065cba166eac",
        "openai/gpt-4o price_d2f2d1cf9908",
        "openai/gpt-4o-mini price_82cd41431693",
        "google/gemini-pro price_55fdce5acd70",
        "deepseek/deepseek-v3 price_234ac2ddee25",
        "openrouter/default price_7fd1a7bec90d",
        "aragora/api_call price_95523e7f4027",
        "aragora/debate price_1e5dcabc51c4",
        "aragora/storage price_60d0b8b01b9b",
        "aragora/connector_sync price_29b86d72b0dc",
        "aragora/knowledge_query price_2e9a6c293cd6",
      ]
    `);
  });
});
