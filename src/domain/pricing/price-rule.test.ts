import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDecimal, formatUsd } from "../../kernel/index.ts";
import { rate } from "../rating/index.ts";
import { PriceBook } from "./price-book.ts";
import { PRICE_LAYER, type PriceEntryInput, parsePriceEntry } from "./price-entry.ts";
import { type PriceRuleInput, parsePriceRule, priceRuleToJson } from "./price-rule.ts";

const GPT: PriceEntryInput = {
  ...{ provider: "openai", model: "gpt-4o", aliases: ["gpt-4o-2024"], input: "2.5", output: "10" },
  ...{ cachedInput: "1.25", perWebSearch: "0.01" },
  bands: [{ aboveInputTokens: 1_000, input: "5", output: "20" }],
  tiers: { batch: { input: "1.25", output: "5" } },
};
const CALL_PRICE: PriceEntryInput = {
  ...{ provider: "aragora", model: "api_call", input: "0", output: "0", perUnit: "0.0001" },
};
const AT = Date.UTC(2025, 5, 15);

function bookOf(...rules: PriceRuleInput[]): PriceBook {
  const entries = [GPT, CALL_PRICE].map((entry) => parsePriceEntry(entry, PRICE_LAYER.own));
  return new PriceBook(
    1n,
    entries,
    rules.map((rule) => parsePriceRule(rule)),
  );
}

function rated(book: PriceBook, overrides: object = {}) {
  const usage = {
    ...{ tenant: "acme", type: "tokens", provider: "openai", model: "gpt-4o", ts: AT, serviceTier: "" },
    ...{ quantity: 1, inputTokens: 100, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 },
    ...{ outputTokens: 10, reasoningTokens: 0, webSearches: 0 },
    ...overrides,
  };
  const rating = rate(book, usage, "refuse");
  if (rating === null) return null;
  const { price, chargePrice, cost, charge, flags } = rating;
  return { cost: formatUsd(cost), charge: formatUsd(charge), price, chargePrice, flags };
}

describe("a price rule", () => {
  it("that is not there leaves the charge at the cost", () => {
    expect(rated(bookOf())).toMatchObject({ cost: "0.00035", charge: "0.00035", chargePrice: "" });
  });

  it("marks up the cost, band and tier included, and leaves the cost alone", () => {
    const book = bookOf({ tenant: "acme", percent: "20" });
    expect(rated(book)).toMatchObject({ cost: "0.00035", charge: "0.00042" });
    expect(rated(book, { inputTokens: 2_000 })).toMatchObject({ cost: "0.0102", charge: "0.01224" });
    expect(rated(book, { serviceTier: "batch" })).toMatchObject({ cost: "0.000175", charge: "0.00021" });
    expect(rated(book, { webSearches: 1, inputTokens: 0, outputTokens: 0 })?.charge).toBe("0.012");
  });

  it("adds a fee per call, times the quantity, to usage of a model only", () => {
    const book = bookOf({ tenant: "acme", percent: "0", feePerCall: "0.001" });
    expect(rated(book)).toMatchObject({ cost: "0.00035", charge: "0.00135" });
    expect(rated(book, { quantity: 3 })?.charge).toBe("0.00335");
    const call = { type: "api_call", provider: "", model: "", inputTokens: 0, outputTokens: 0 };
    expect(rated(book, call)).toMatchObject({ cost: "0.0001", charge: "0.0001" });
  });

  it("sells at prices of its own, with bands and tiers of its own", () => {
    const prices = {
      ...{ input: "10", output: "40", perUnit: "0.5", tiers: { batch: { input: "1", output: "4" } } },
      bands: [{ aboveInputTokens: 150, input: "20", output: "80" }],
    };
    const book = bookOf({ tenant: "acme", provider: "openai", model: "gpt-4o", prices, feePerCall: "1" });
    expect(rated(book)?.charge).toBe("1.5014");
    expect(rated(book, { inputTokens: 200 })?.charge).toBe("1.5048");
    expect(rated(book, { serviceTier: "batch" })?.charge).toBe("1.50014");
    expect(rated(book)?.cost).toBe("0.00035");
  });

  it("charges nothing to a tenant with keys of its own, or a fee alone", () => {
    expect(rated(bookOf({ tenant: "acme", none: true }))).toMatchObject({ cost: "0.00035", charge: "0" });
    expect(rated(bookOf({ tenant: "acme", none: true, feePerCall: "0.02" }))?.charge).toBe("0.02");
  });

  it("on the cost is a negotiated price, on which the markup stands", () => {
    const book = bookOf({ appliesTo: "cost", provider: "openai", percent: "-10" }, { percent: "100" });
    expect(rated(book)).toMatchObject({ cost: "0.000315", charge: "0.00063" });
    expect(rated(book)?.chargePrice).toMatch(/^rule_\w+\*rule_\w+\*price_\w+$/);
  });

  it("on the cost prices a model that the book does not know", () => {
    const own = {
      appliesTo: "cost" as const,
      provider: "vllm",
      model: "llama",
      prices: { input: "1", output: "1" },
    };
    const usage = { provider: "vllm", model: "llama" };
    expect(rated(bookOf(), usage)).toBeNull();
    expect(rated(bookOf(own), usage)).toMatchObject({ cost: "0.00011", flags: 0 });
    expect(rated(bookOf({ ...own, prices: undefined, none: true } as never), usage)).toMatchObject({
      cost: "0",
    });
  });

  it("applies by the model's id, its alias, or the name under which the book prices it", () => {
    const book = bookOf({ provider: "openai", model: "gpt-4o", percent: "100" });
    expect(rated(book, { model: "gpt-4o-2024" })?.charge).toBe("0.0007");
    const alias = bookOf({ provider: "openai", model: "gpt-4o-2024", percent: "100" });
    expect(rated(alias)?.charge).toBe("0.00035");
    expect(rated(alias, { model: "gpt-4o-2024" })?.charge).toBe("0.0007");
  });

  it("of usage without a model is one of `aragora` and its type", () => {
    const book = bookOf({
      provider: "aragora",
      model: "api_call",
      prices: { input: "0", output: "0", perUnit: "0.3" },
    });
    const call = { type: "api_call", provider: "", model: "", inputTokens: 0, outputTokens: 0, quantity: 2 };
    expect(rated(book, call)).toMatchObject({ cost: "0.0002", charge: "0.6" });
  });

  it("of the tenant stands before everybody's, of a model before a provider's before any", () => {
    const rules: PriceRuleInput[] = [
      { percent: "1" },
      { provider: "openai", percent: "2" },
      { provider: "openai", model: "gpt-4o", percent: "3" },
      { tenant: "acme", percent: "4" },
      { tenant: "acme", provider: "openai", percent: "5" },
      { tenant: "acme", provider: "openai", model: "gpt-4o", percent: "6" },
    ];
    const charges = rules.map((_, count) => rated(bookOf(...rules.slice(0, count + 1)))?.charge);
    expect(charges).toEqual(["0.0003535", "0.000357", "0.0003605", "0.000364", "0.0003675", "0.000371"]);
    expect(rated(bookOf(...rules), { tenant: "other" })?.charge).toBe("0.0003605");
  });

  it("holds from its first instant to before its last, the latest first", () => {
    const book = bookOf(
      { percent: "10" },
      { percent: "20", effectiveFrom: "2025-01-01T00:00:00Z" },
      { percent: "30", effectiveFrom: "2025-02-01T00:00:00Z", effectiveTo: "2025-03-01T00:00:00Z" },
    );
    const at = (time: string) => rated(book, { ts: Date.parse(time) })?.charge;
    expect(at("2024-12-31T23:59:59.999Z")).toBe("0.000385");
    expect(at("2025-01-01T00:00:00Z")).toBe("0.00042");
    expect(at("2025-02-28T23:59:59.999Z")).toBe("0.000455");
    expect(at("2025-03-01T00:00:00Z")).toBe("0.00042");
  });

  it("rounds each unit price half up to a pico-USD, once", () => {
    const odd = parsePriceEntry(
      { provider: "p", model: "m", input: "0.000001", output: "0" },
      PRICE_LAYER.own,
    );
    const book = new PriceBook(1n, [odd], [parsePriceRule({ percent: "50" })]);
    expect(rated(book, { provider: "p", model: "m", inputTokens: 3, outputTokens: 0 })?.charge).toBe(
      "0.000000000006",
    );
  });

  it("gives every rate back by its id", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000_000, max: 50_000_000 }),
        fc.constantFrom("", "batch"),
        fc.constantFrom(10, 5_000),
        fc.boolean(),
        (percent, serviceTier, inputTokens, negotiated) => {
          const markup = { percent: formatDecimal(BigInt(percent), 4) };
          const book = negotiated ? bookOf({ appliesTo: "cost", percent: "-5" }, markup) : bookOf(markup);
          const rating = rated(book, { serviceTier, inputTokens });
          const unit = book.rate(rating?.chargePrice ?? "?");
          expect(unit?.id).toBe(rating?.chargePrice);
          const again = bookOf(...book.rules.all.map((rule) => priceRuleToJson(rule)));
          expect(again.rate(rating?.chargePrice ?? "?")).toEqual(unit);
        },
      ),
    );
  });

  it("does not know a rate that no rule of it made", () => {
    const book = bookOf({ percent: "20" });
    const { chargePrice = "", price = "" } = rated(book) ?? {};
    expect(book.rate(`${chargePrice}x`)).toBeUndefined();
    expect(book.rate(`rule_000000000000*${price}`)).toBeUndefined();
    expect(book.rate(chargePrice.replace(/\*.*/, ""))).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ["nothing to do", { tenant: "acme" }, "rule"],
    ["two things to do", { percent: "1", none: true }, "rule"],
    ["a model without its provider", { model: "gpt-4o", percent: "1" }, "rule.provider"],
    ["more than everything off", { percent: "-100.0001" }, "rule.percent"],
    ["a percent finer than 4 decimals", { percent: "1.00001" }, "rule.percent"],
    ["a percent that is no number", { percent: "lots" }, "rule.percent"],
    ["a negative fee", { percent: "1", feePerCall: "-1" }, "rule.feePerCall"],
    ["none: false", { none: false }, "rule.none"],
    ["an unknown target", { percent: "1", appliesTo: "profit" }, "rule.appliesTo"],
    ["an unknown field", { percent: "1", markup: 1 }, "rule.markup"],
    ["names among its prices", { prices: { input: "1", output: "1", model: "x" } }, "rule.prices.model"],
    ["prices that lack an output", { prices: { input: "1" } }, "rule.prices.output"],
    ["prices that are no object", { prices: "cheap" }, "rule.prices"],
    [
      "an end before its start",
      { none: true, effectiveFrom: "2025-02-01T00:00:00Z", effectiveTo: "2025-01-01T00:00:00Z" },
      "rule.effectiveTo",
    ],
    ["a tenant with control characters", { none: true, tenant: "a\u0000" }, "rule.tenant"],
    ["a date without an offset", { none: true, effectiveFrom: "2025-02-01T00:00:00" }, "rule.effectiveFrom"],
    ["no object", 5, "rule"],
  ])("with %s is refused, naming the field", (_, input, field) => {
    expect(() => parsePriceRule(input)).toThrow(expect.objectContaining({ details: { field } }));
  });
});
