// The two real lists, against a second reader of the same text: numbers quoted by a pattern, compared as integers.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readGenaiPrices } from "./genai-list.ts";
import { readLitellmPrices } from "./litellm-list.ts";
import { PriceBook } from "./price-book.ts";
import { PRICE_LAYER, type PriceEntryInput, parsePriceEntry } from "./price-entry.ts";
import type { PriceListReading } from "./price-list.ts";
import { rateForInput } from "./priced-model.ts";

const textOf = (file: string) =>
  gunzipSync(readFileSync(new URL(`../../../data/prices/${file}.gz`, import.meta.url))).toString();
const LITELLM = textOf("litellm.json");
const GENAI = textOf("genai-prices-v2.json");
const litellm = readLitellmPrices(LITELLM);
const genai = readGenaiPrices(GENAI);

type Raw = Readonly<Record<string, unknown>>;

function quoted(text: string): unknown {
  return JSON.parse(text.replace(/("\w+":\s*)(-?\d[\d.eE+-]*)/g, '$1"$2"'));
}

/** A number's text in units of 10^-40. */
function units(text: string): bigint {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return BigInt(whole + fraction) * 10n ** BigInt(40 + Number(exponent) - fraction.length);
}

/** How far a price per 1M tokens is from the list's number, in 10^-40 USD per token. */
function deviation(price: unknown, listed: string, perMillion: boolean): bigint {
  const own = units(String(price));
  const difference = perMillion ? own - units(listed) : own / 1_000_000n - units(listed);
  return difference < 0n ? -difference : difference;
}

function reasons({ skipped }: PriceListReading): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of skipped) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

function bookOf(...readings: PriceListReading[]): PriceBook {
  const entries = readings.flatMap((reading) => reading.entries);
  return new PriceBook(
    1n,
    entries.map((entry) => parsePriceEntry(entry, PRICE_LAYER.list, entry.model)),
  );
}

function find({ entries }: PriceListReading, provider: string, model: string): PriceEntryInput | undefined {
  return entries.find((entry) => entry.provider === provider && entry.model === model);
}

describe("the LiteLLM list", () => {
  const raw = quoted(LITELLM) as Record<string, Raw>;

  it("is in or skipped with a reason, model by model", () => {
    const seen = [...litellm.entries.map(({ model }) => model), ...litellm.skipped.map(({ id }) => id)];
    expect(seen.sort()).toEqual(
      Object.keys(raw)
        .filter((id) => id !== "sample_spec")
        .sort(),
    );
    expect([litellm.entries.length, litellm.skipped.length]).toEqual([2421, 564]);
    expect(reasons(litellm)).toEqual({
      "no token prices": 441,
      "realtime priced by other units as well": 28,
      "image_generation priced by other units as well": 26,
      "priced in tiered_pricing ranges": 21,
      "priced by other units than tokens": 13,
      "no price of input tokens": 11,
      "no price of output tokens": 10,
      "audio_transcription priced by other units as well": 8,
      "audio_speech priced by other units as well": 4,
      "ocr priced by other units as well": 1,
      "no provider": 1,
    });
  });

  it("has the digits of the text in every token price, but for the float noise", () => {
    const names: readonly (readonly [string, keyof PriceEntryInput])[] = [
      ["input_cost_per_token", "input"],
      ["output_cost_per_token", "output"],
      ["cache_read_input_token_cost", "cachedInput"],
      ["cache_creation_input_token_cost", "cacheWrite5m"],
      ["cache_creation_input_token_cost_above_1hr", "cacheWrite1h"],
      ["output_cost_per_reasoning_token", "reasoning"],
    ];
    const suffixes = { _batches: "batch", _flex: "flex", _priority: "priority" };
    const noisy: string[] = [];
    let compared = 0;
    const compare = (model: string, key: string, price: unknown) => {
      const listed = raw[model]?.[key];
      if (typeof listed !== "string") return;
      compared += 1;
      const off = deviation(price, listed, false);
      if (off > 0n) noisy.push(`${model} ${key}`);
      expect(off < 10n ** 28n / 2n, `${model} ${key}: ${price} for ${listed}`).toBe(true);
    };
    for (const entry of litellm.entries) {
      for (const [key, field] of names) {
        const isEqual = raw[entry.model]?.[key] === raw[entry.model]?.output_cost_per_token;
        const price = field === "reasoning" && isEqual ? entry.output : entry[field];
        compare(entry.model, key, price);
        const bands = entry.bands ?? [];
        for (const band of bands)
          compare(
            entry.model,
            `${key}_above_${band.aboveInputTokens / 1000}k_tokens`,
            band[field as "input"],
          );
        for (const [suffix, tier] of Object.entries(suffixes)) {
          const prices = entry.tiers?.[tier];
          compare(entry.model, key + suffix, prices?.[field as "input"]);
          for (const band of prices?.bands ?? []) {
            const name = `${key}_above_${band.aboveInputTokens / 1000}k_tokens${suffix}`;
            compare(entry.model, name, band[field as "input"]);
          }
        }
      }
    }
    expect(compared).toBe(6953);
    expect(noisy.sort()).toEqual(litellm.rounded.map(({ id, field }) => `${id} ${field}`).sort());
    expect(noisy).toHaveLength(31);
  });

  it("gives the seed's models the prices that were looked up by hand", () => {
    expect(find(litellm, "anthropic", "claude-opus-4-20250514")).toMatchObject({
      ...{ input: "15", output: "75", cachedInput: "1.5", cacheWrite5m: "18.75", cacheWrite1h: "30" },
    });
    expect(find(litellm, "anthropic", "claude-sonnet-4-20250514")).toMatchObject({
      ...{ input: "3", output: "15" },
      bands: [{ aboveInputTokens: 200_000, input: "6", output: "22.5" }],
    });
    expect(find(litellm, "openai", "gpt-4o")).toMatchObject({
      ...{ input: "2.5", output: "10", cachedInput: "1.25" },
      tiers: { batch: { input: "1.25", output: "5" }, priority: { input: "4.25", output: "17" } },
    });
    expect(find(litellm, "openai", "gpt-4o-mini")).toMatchObject({
      ...{ input: "0.15", output: "0.6" },
      tiers: { batch: { input: "0.075", output: "0.3" }, priority: { input: "0.25", output: "1" } },
    });
    expect(find(litellm, "deepseek", "deepseek/deepseek-v3")).toMatchObject({ input: "0.27", output: "1.1" });
    expect(find(litellm, "deepseek", "deepseek-chat")).toMatchObject({ input: "0.28", output: "0.42" });
    expect(find(litellm, "google", "gemini-pro")).toBeUndefined();
    expect(find(litellm, "openrouter", "default")).toBeUndefined();
  });

  it("finds a model by the provider's own id behind LiteLLM's prefix, exact ids first", () => {
    const book = bookOf(litellm);
    expect(book.resolve("openrouter", "anthropic/claude-3.5-sonnet", 0)?.entry.model).toBe(
      "openrouter/anthropic/claude-3.5-sonnet",
    );
    expect(book.resolve("google", "gemini-2.5-pro", 0)?.entry.model).toBe("gemini-2.5-pro");
    expect(book.resolve("deepseek", "deepseek-chat", 0)?.entry.model).toBe("deepseek-chat");
    expect(book.resolve("openai", "gpt-4o-min", 0)).toBeUndefined();
  });

  it("takes the tier's or the standard long-context price above the threshold, and all of it there", () => {
    const priced = bookOf(litellm).resolve("openai", "gpt-5.4", 0);
    const at = (tier: string, tokens: number) => {
      const rates = tier === "" ? priced?.rates : priced?.tiers.get(tier);
      const { input, output } = rateForInput(rates ?? [], tokens);
      return [input, output];
    };
    expect(at("", 272_000)).toEqual([2_500_000n, 15_000_000n]);
    expect(at("", 272_001)).toEqual([5_000_000n, 22_500_000n]);
    expect(at("flex", 272_000)).toEqual([1_250_000n, 7_500_000n]);
    expect(at("flex", 272_001)).toEqual([5_000_000n, 22_500_000n]);
  });
});

describe("the genai-prices list", () => {
  const raw = quoted(GENAI) as { id: string; models: { id: string; prices: unknown; match: Raw }[] }[];
  const providers: Record<string, string> = {
    aws: "bedrock",
    "x-ai": "xai",
    voyageai: "voyage",
    moonshotai: "moonshot",
  };

  it("is in or skipped with a reason, model by model", () => {
    const all = raw.flatMap(({ id, models }) => models.map((model) => `${providers[id] ?? id}/${model.id}`));
    const entered = new Set(genai.entries.map(({ provider, model }) => `${provider}/${model}`));
    expect([...entered, ...genai.skipped.map(({ id }) => id)].sort()).toEqual(all.sort());
    expect([entered.size, genai.entries.length, genai.skipped.length]).toEqual([1307, 1320, 159]);
    expect(reasons(genai)).toEqual({ "no prices": 157, "priced by time of day": 2 });
    expect(genai.rounded).toHaveLength(7);
  });

  it("has the digits of the text in every token price, but for the float noise", () => {
    const names: readonly (readonly [string, "input"])[] = Object.entries({
      input_mtok: "input",
      output_mtok: "output",
      cache_read_mtok: "cachedInput",
      cache_write_mtok: "cacheWrite5m",
      cache_write_1h_mtok: "cacheWrite1h",
      output_reasoning_mtok: "reasoning",
    }) as never;
    let compared = 0;
    const noisy: string[] = [];
    const compare = (what: string, price: unknown, listed: unknown) => {
      compared += 1;
      const off = deviation(price, String(listed), true);
      if (off > 0n) noisy.push(what);
      expect(off < 10n ** 34n, `${what}: ${price} for ${listed}`).toBe(true);
    };
    for (const { id, models } of raw) {
      for (const model of models) {
        const provider = providers[id] ?? id;
        const entries = genai.entries.filter((e) => e.provider === provider && e.model === model.id);
        const dated = Array.isArray(model.prices)
          ? model.prices.map(({ prices }: { prices: Raw }) => prices)
          : [model.prices as Raw];
        entries.forEach((entry, index) => {
          for (const [key, field] of names) {
            const listed = dated[index]?.[key] as undefined | string | { base: string; tiers: Raw[] };
            const what = `${provider}/${model.id}`;
            if (listed === undefined) continue;
            if (typeof listed === "string") {
              compare(what, entry[field], listed);
              for (const band of entry.bands ?? []) compare(what, band[field], listed);
              continue;
            }
            compare(what, entry[field], listed.base);
            for (const { start, price } of listed.tiers) {
              const band = entry.bands?.find(({ aboveInputTokens }) => aboveInputTokens === Number(start));
              compare(what, band?.[field], price);
            }
          }
        });
      }
    }
    expect(compared).toBe(3223);
    expect(noisy.sort()).toEqual(genai.rounded.map(({ id }) => id).sort());
  });

  it("gives the seed's models the prices that were looked up by hand", () => {
    const book = bookOf(genai);
    const priceOf = (provider: string, model: string, at = 0) => book.resolve(provider, model, at)?.entry;
    expect(priceOf("anthropic", "claude-opus-4")).toMatchObject({
      ...{ input: 15_000_000n, output: 75_000_000n },
      ...{ cachedInput: 1_500_000n, cacheWrite5m: 18_750_000n, cacheWrite1h: 30_000_000n },
    });
    expect(priceOf("anthropic", "claude-sonnet-4")).toMatchObject({
      ...{ input: 3_000_000n, output: 15_000_000n },
      ...{ cachedInput: 300_000n, cacheWrite5m: 3_750_000n, cacheWrite1h: 6_000_000n },
    });
    expect(priceOf("openai", "gpt-4o")).toMatchObject({ input: 2_500_000n, cachedInput: 1_250_000n });
    expect(priceOf("openai", "gpt-4o-mini")).toMatchObject({ input: 150_000n, cachedInput: 75_000n });
    expect(priceOf("google", "gemini-pro")).toMatchObject({ input: 125_000n, output: 375_000n });
    expect(priceOf("deepseek", "deepseek-v3")).toBeUndefined();
    expect(genai.skipped).toContainEqual({ id: "deepseek/deepseek-chat", reason: "priced by time of day" });
    expect(priceOf("openrouter", "default")).toBeUndefined();
  });

  it("dates what the list dates", () => {
    const book = bookOf(genai);
    const o3 = (time: string) => book.resolve("openai", "o3", Date.parse(time))?.entry.input;
    expect([o3("2025-06-09T23:59:59.999Z"), o3("2025-06-10T00:00:00Z")]).toEqual([10_000_000n, 2_000_000n]);
    const band = (time: string) =>
      book.resolve("anthropic", "claude-opus-4-6", Date.parse(time))?.rates.length;
    expect([band("2026-03-12T12:00:00Z"), band("2026-03-13T12:00:00Z")]).toEqual([2, 1]);
  });

  it("follows exact ids only", () => {
    const starts = raw
      .find(({ id }) => id === "openai")
      ?.models.find(({ match }) => typeof match.starts_with === "string");
    expect(starts).toBeDefined();
    expect(bookOf(genai).resolve("openai", `${starts?.match.starts_with}-anything`, 0)).toBeUndefined();
  });

  it("reads fees per thousand as fees per search and request", () => {
    expect(find(genai, "anthropic", "claude-opus-4-1")?.perWebSearch).toBe("0.01");
    expect(genai.entries.filter(({ perUnit }) => perUnit !== undefined)).toHaveLength(4);
  });
});

describe("a list that is not one", () => {
  const wrong: readonly (readonly [string, (text: string) => unknown, string, RegExp])[] = [
    ["no JSON", readLitellmPrices, "{", /not valid JSON/],
    ["nothing", readGenaiPrices, "", /not valid JSON/],
    ["another list", readLitellmPrices, GENAI, /must be an object/],
    ["another list", readGenaiPrices, LITELLM, /must be a list/],
    ["a number", readLitellmPrices, "7", /must be an object/],
    ["a model that is none", readLitellmPrices, '{"a":1}', /a must be an object/],
    ["a provider that is a number", readLitellmPrices, '{"a":{"litellm_provider":1}}', /litellm_provider/],
    [
      "a negative price",
      readLitellmPrices,
      '{"a":{"litellm_provider":"p","input_cost_per_token":-1e-6,"output_cost_per_token":0}}',
      /a: input_cost_per_token is negative/,
    ],
    [
      "a price in quotes",
      readLitellmPrices,
      '{"a":{"litellm_provider":"p","input_cost_per_token":"1e-6","output_cost_per_token":0}}',
      /a: input_cost_per_token is not a number/,
    ],
    [
      "a price that would fill the memory",
      readLitellmPrices,
      '{"a":{"litellm_provider":"p","input_cost_per_token":1e999999999,"output_cost_per_token":0}}',
      /is not a number/,
    ],
    [
      "a negative tier",
      readGenaiPrices,
      '[{"id":"p","models":[{"id":"m","prices":{"input_mtok":{"base":1,"tiers":[{"start":5,"price":-1}]},"output_mtok":1}}]}]',
      /p\/m: input_mtok.tiers is negative/,
    ],
    ["models that are no list", readGenaiPrices, '[{"id":"p","models":{}}]', /models must be a list/],
    [
      "an impossible date",
      readGenaiPrices,
      '[{"id":"p","models":[{"id":"m","prices":[{"constraint":{"start_date":"2025-02-30"},"prices":{"input_mtok":1}}]}]}]',
      /start_date/,
    ],
    ["10 MB of letters", readGenaiPrices, "x".repeat(10_000_000), /not valid JSON/],
    ["10 MB of brackets", readLitellmPrices, "[".repeat(10_000_000), /not valid JSON|too deep/],
    [
      "deep nesting",
      readGenaiPrices,
      "[".repeat(100_000) + "]".repeat(100_000),
      /too deep|must be an object/,
    ],
    ["many numbers", readLitellmPrices, `[${"1,".repeat(500_000)}1]`, /must be an object/],
    ["10 MB in quotes", readLitellmPrices, `"${"1".repeat(10_000_000)}"`, /must be an object/],
  ];
  it.each(wrong)("such as %s is refused with one clear error", (_, read, text, message) => {
    let caught: unknown;
    try {
      read(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ kind: "invalid_input", message: expect.stringMatching(message) });
    expect((caught as Error).message.length).toBeLessThan(300);
  });
});

describe("a book of every list", () => {
  it("is compiled in well under 100 ms", () => {
    const own = [...litellm.entries, ...genai.entries].map((entry) =>
      parsePriceEntry(entry, PRICE_LAYER.list, entry.model),
    );
    // One id that everybody claims is the worst case of the candidates' order.
    const claimed = own.slice(0, 3_000).map((entry) => ({ ...entry, provider: "p", aliases: ["same"] }));
    for (const entries of [own, claimed]) {
      const times = Array.from({ length: 5 }, () => {
        const start = performance.now();
        new PriceBook(1n, entries);
        return performance.now() - start;
      });
      expect(Math.min(...times)).toBeLessThan(100);
    }
  });
});
