import { describe, expect, it } from "vitest";
import { formatUsd } from "../../kernel/index.ts";
import {
  PRICE_LAYER,
  PROVIDER_PRICING,
  PriceBook,
  type PriceEntryInput,
  parsePriceEntry,
  UNIT_PRICING,
} from "../pricing/index.ts";
import { rate, ratingFlags } from "./rate.ts";
import type { Usage } from "./usage.ts";

const JUNE_2025 = Date.UTC(2025, 5, 15);

function bookOf(...own: PriceEntryInput[]): PriceBook {
  const shipped = [...PROVIDER_PRICING, ...UNIT_PRICING].map((entry) =>
    parsePriceEntry(entry, PRICE_LAYER.shipped),
  );
  return new PriceBook(1n, [...shipped, ...own.map((entry) => parsePriceEntry(entry, PRICE_LAYER.own))]);
}

function usageOf(overrides: Partial<Usage>): Usage {
  return {
    tenant: "acme",
    type: "tokens",
    provider: "",
    model: "",
    ts: JUNE_2025,
    serviceTier: "",
    quantity: 1,
    inputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    cacheWrite1hTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    webSearches: 0,
    ...overrides,
  };
}

function cost(book: PriceBook, overrides: Partial<Usage>): string {
  return formatUsd(rate(book, usageOf(overrides), "fallback")?.cost ?? -1n);
}

function flags(book: PriceBook, overrides: Partial<Usage>): string[] {
  return ratingFlags(rate(book, usageOf(overrides), "fallback")?.flags ?? 0);
}

const SONNET_37: PriceEntryInput = {
  provider: "anthropic",
  model: "claude-3.7-sonnet",
  input: "3",
  output: "15",
  cachedInput: "0.30",
  cacheWrite5m: "3.75",
  cacheWrite1h: "6",
};
const GPT_5_MINI: PriceEntryInput = {
  provider: "openai",
  model: "gpt-5-mini",
  input: "0.25",
  output: "2.00",
  cachedInput: "0.025",
  tiers: { flex: { input: "0.125", output: "1.00", cachedInput: "0.0125" } },
};
const GEMINI_25_PRO: PriceEntryInput = {
  provider: "google",
  model: "gemini-2.5-pro",
  input: "1.25",
  output: "10",
  cachedInput: "0.31",
  bands: [{ aboveInputTokens: 200_000, input: "2.5", output: "15", cachedInput: "0.625" }],
};
const SONNET_45: PriceEntryInput = {
  provider: "anthropic",
  model: "claude-sonnet-4.5",
  input: "3",
  output: "15",
  bands: [{ aboveInputTokens: 200_000, input: "6", output: "22.5" }],
  tiers: {
    batch: {
      input: "1.5",
      output: "7.5",
      bands: [{ aboveInputTokens: 200_000, input: "3", output: "11.25" }],
    },
  },
};

describe("the golden vectors", () => {
  const book = bookOf(SONNET_37, GPT_5_MINI, GEMINI_25_PRO, SONNET_45);
  const opus = { provider: "anthropic", model: "claude-opus-4" };

  it("bills a cache write once, not twice", () => {
    const usage = {
      provider: "anthropic",
      model: "claude-3.7-sonnet",
      inputTokens: 3,
      cacheWriteTokens: 12_304,
    };
    expect(cost(book, { ...usage, outputTokens: 550 })).toBe("0.054399");
  });

  it("bills cached tokens at the cached price", () => {
    expect(cost(book, { ...opus, inputTokens: 13_000, cacheReadTokens: 2_000, outputTokens: 3_000 })).toBe(
      "0.423",
    );
    expect(cost(book, { ...opus, inputTokens: 15_000, outputTokens: 3_000 })).toBe("0.45");
  });

  it("takes the price of the service tier", () => {
    const usage = {
      provider: "openai",
      model: "gpt-5-mini",
      inputTokens: 1_000,
      cacheReadTokens: 1_000,
      outputTokens: 500,
    };
    expect(cost(book, { ...usage, serviceTier: "flex" })).toBe("0.0006375");
    expect(cost(book, { ...usage, serviceTier: "default" })).toBe("0.001275");
    expect(cost(book, usage)).toBe("0.001275");
  });

  it("prices every token of a call at the higher band once its input crosses the threshold", () => {
    const gemini = { provider: "google", model: "gemini-2.5-pro", outputTokens: 1_000 };
    expect(cost(book, { ...gemini, inputTokens: 200_000 })).toBe("0.26");
    expect(cost(book, { ...gemini, inputTokens: 200_001 })).toBe("0.5150025");
    const sonnet = { provider: "anthropic", model: "claude-sonnet-4.5" };
    expect(cost(book, { ...sonnet, inputTokens: 200_000 })).toBe("0.6");
    expect(cost(book, { ...sonnet, inputTokens: 200_001 })).toBe("1.200006");
  });

  it("counts cached and cache-write tokens towards the band", () => {
    const gemini = { provider: "google", model: "gemini-2.5-pro", inputTokens: 1 };
    expect(rate(book, usageOf({ ...gemini, cacheReadTokens: 200_000 }), "fallback")?.price).toMatch(
      />200000$/,
    );
    expect(rate(book, usageOf({ ...gemini, cacheReadTokens: 199_999 }), "fallback")?.price).not.toMatch(/>/);
  });

  it("takes the tier's own band", () => {
    const sonnet = { provider: "anthropic", model: "claude-sonnet-4.5", serviceTier: "batch" };
    expect(cost(book, { ...sonnet, inputTokens: 200_001, outputTokens: 1_000 })).toBe("0.611253");
    expect(rate(book, usageOf({ ...sonnet, inputTokens: 200_001 }), "fallback")?.price).toMatch(
      /\+batch>200000$/,
    );
  });

  it("adds a million tiny calls to exactly $2.85, where binary floats do not", () => {
    const usage = usageOf({ provider: "openai", model: "gpt-4o-mini", inputTokens: 7, outputTokens: 3 });
    let exact = 0n;
    let float = 0;
    for (let call = 0; call < 1_000_000; call += 1) {
      exact += rate(book, usage, "fallback")?.cost ?? 0n;
      float += (7 * 0.15 + 3 * 0.6) / 1e6;
    }
    expect(formatUsd(exact)).toBe("2.85");
    expect(float).not.toBe(2.85);
  });
});

describe("rate", () => {
  const gpt = { provider: "openai", model: "gpt-4o" };

  it("takes the entry in force at the event's own time", () => {
    const book = bookOf(
      { ...gpt, input: "5", output: "15", effectiveTo: "2025-01-01T00:00:00Z" },
      { ...gpt, input: "1", output: "1", effectiveFrom: "2025-06-01T00:00:00Z" },
    );
    const at = (ts: number) => cost(book, { ...gpt, inputTokens: 1_000_000, ts });
    expect(at(Date.UTC(2024, 11, 31, 23, 59, 59, 999))).toBe("5");
    expect(at(Date.UTC(2025, 0, 1))).toBe("2.5");
    expect(at(Date.UTC(2025, 5, 1) - 1)).toBe("2.5");
    expect(at(Date.UTC(2025, 5, 1))).toBe("1");
  });

  it("bills a bucket without a price of its own at the input price and flags it", () => {
    const book = bookOf({ provider: "p", model: "m", input: "2", output: "8" });
    const usage = {
      provider: "p",
      model: "m",
      cacheReadTokens: 500_000,
      cacheWriteTokens: 250_000,
      cacheWrite1hTokens: 250_000,
    };
    expect(cost(book, usage)).toBe("2");
    expect(flags(book, usage)).toEqual(["bucketAtInputPrice"]);
    expect(flags(book, { provider: "p", model: "m", inputTokens: 5 })).toEqual([]);
  });

  it("bills reasoning at the output price unless it is priced apart", () => {
    const book = bookOf(
      { provider: "p", model: "plain", input: "1", output: "10" },
      { provider: "p", model: "apart", input: "1", output: "10", reasoning: "4" },
    );
    expect(cost(book, { provider: "p", model: "plain", reasoningTokens: 1_000_000 })).toBe("10");
    expect(
      cost(book, { provider: "p", model: "apart", reasoningTokens: 1_000_000, outputTokens: 1_000_000 }),
    ).toBe("14");
  });

  it("adds fees per request and per web search", () => {
    const book = bookOf({
      provider: "p",
      model: "m",
      input: "1",
      output: "1",
      perUnit: "0.005",
      perWebSearch: "0.01",
    });
    expect(cost(book, { provider: "p", model: "m", inputTokens: 1, webSearches: 3 })).toBe("0.035001");
    expect(cost(book, { provider: "p", model: "m", quantity: 4 })).toBe("0.02");
  });

  it("takes standard prices for a tier that is not priced, and flags it", () => {
    expect(cost(bookOf(), { ...gpt, inputTokens: 1_000_000, serviceTier: "priority" })).toBe("2.5");
    expect(flags(bookOf(), { ...gpt, inputTokens: 1, serviceTier: "priority" })).toEqual([
      "tierAtStandardPrice",
    ]);
  });

  it("never matches a model by similarity", () => {
    for (const model of ["gpt-4o-2024-08-06", "GPT-4o", "gpt-4", "gpt-4o "]) {
      expect(flags(bookOf(), { provider: "openai", model, inputTokens: 1 })).toEqual(["unknownModel"]);
    }
    expect(
      flags(bookOf(), { provider: "anthropic", model: "claude-opus-4-20250514", inputTokens: 1 }),
    ).toEqual([]);
  });

  it("falls back to the provider's default, then to openrouter/default", () => {
    const book = bookOf({ provider: "openai", model: "default", input: "7", output: "7" });
    expect(cost(book, { provider: "openai", model: "gpt-99", inputTokens: 1_000_000 })).toBe("7");
    expect(cost(book, { provider: "nobody", model: "gpt-99", inputTokens: 1_000_000 })).toBe("2");
    expect(flags(book, { provider: "openrouter", model: "default", inputTokens: 1 })).toEqual([]);
  });

  it("records an unknown model without a price, or refuses it, where the policy says so", () => {
    const unknown = usageOf({ provider: "p", model: "m", inputTokens: 10 });
    expect(rate(bookOf(), unknown, "unpriced")).toMatchObject({ cost: 0n, price: "", flags: 2 });
    expect(rate(bookOf(), unknown, "refuse")).toBeNull();
  });

  it("never prices tokens without a model at zero silently", () => {
    expect(cost(bookOf(), { type: "tokens", inputTokens: 1_000_000 })).toBe("2");
    expect(flags(bookOf(), { type: "agent_call", inputTokens: 1 })).toEqual(["unknownModel"]);
  });

  it("prices events without a model by their type", () => {
    const book = bookOf();
    expect(cost(book, { type: "api_call", quantity: 3 })).toBe("0.0003");
    expect(cost(book, { type: "debate", inputTokens: 10_000, outputTokens: 5_000 })).toBe("0.04");
    expect(cost(book, { type: "storage", quantity: 1_073_741_824 })).toBe("0.1");
    expect(cost(book, { type: "connector_sync" })).toBe("0.005");
    expect(cost(book, { type: "knowledge_query" })).toBe("0.001");
    expect(cost(book, { type: "export" })).toBe("0");
    expect(flags(book, { type: "export" })).toEqual([]);
  });

  it("rounds a part of a unit half up to one pico-USD", () => {
    const perByte = (quantity: number) =>
      rate(bookOf(), usageOf({ type: "storage", quantity }), "fallback")?.cost;
    expect(perByte(1)).toBe(93n); // 93.13…
    expect(perByte(4)).toBe(373n); // 372.529…
  });
});
