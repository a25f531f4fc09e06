// The prices that come with the program: the published list the product was specified with, and the figures for events
// that name no model. A database's own entries stand above them.

import { PRICE_LAYER, type PriceEntry, type PriceEntryInput, parsePriceEntry } from "./price-entry.ts";

/** Unit prices of events that name no model are entries of this provider, under the event's type. */
export const UNIT_PRICE_PROVIDER = "aragora";

const GIB = 1_073_741_824;

/**
 * The shipped list prices of models, USD per 1M tokens. Cached input is each provider's published price;
 * `openrouter/default` has none. Cache writes of Claude: 1.25 times the input price for 5 minutes, twice for an hour.
 */
export const PROVIDER_PRICING: readonly PriceEntryInput[] = Object.freeze([
  {
    provider: "anthropic",
    model: "claude-opus-4",
    aliases: ["claude-opus-4-0", "claude-opus-4-20250514"],
    input: "15.00",
    output: "75.00",
    cachedInput: "1.50",
    cacheWrite5m: "18.75",
    cacheWrite1h: "30.00",
  },
  {
    provider: "anthropic",
    model: "claude-sonnet-4",
    aliases: ["claude-sonnet-4-0", "claude-sonnet-4-20250514"],
    input: "3.00",
    output: "15.00",
    cachedInput: "0.30",
    cacheWrite5m: "3.75",
    cacheWrite1h: "6.00",
  },
  { provider: "openai", model: "gpt-4o", input: "2.50", output: "10.00", cachedInput: "1.25" },
  { provider: "openai", model: "gpt-4o-mini", input: "0.15", output: "0.60", cachedInput: "0.075" },
  { provider: "google", model: "gemini-pro", input: "1.25", output: "5.00", cachedInput: "0.3125" },
  { provider: "deepseek", model: "deepseek-v3", input: "0.14", output: "0.28", cachedInput: "0.014" },
  { provider: "openrouter", model: "default", input: "2.00", output: "8.00" },
]);

/** Prices of events without a model: per call, per debate plus its tokens, per GiB-month stored. */
export const UNIT_PRICING: readonly PriceEntryInput[] = Object.freeze([
  { provider: UNIT_PRICE_PROVIDER, model: "api_call", input: "0", output: "0", perUnit: "0.0001" },
  {
    provider: UNIT_PRICE_PROVIDER,
    model: "debate",
    input: "2",
    output: "2",
    cachedInput: "2",
    perUnit: "0.01",
  },
  {
    provider: UNIT_PRICE_PROVIDER,
    model: "storage",
    input: "0",
    output: "0",
    perUnit: "0.10",
    unitSize: GIB,
  },
  { provider: UNIT_PRICE_PROVIDER, model: "connector_sync", input: "0", output: "0", perUnit: "0.005" },
  { provider: UNIT_PRICE_PROVIDER, model: "knowledge_query", input: "0", output: "0", perUnit: "0.001" },
]);

export const SHIPPED_PRICES: readonly PriceEntry[] = [...PROVIDER_PRICING, ...UNIT_PRICING].map((entry) =>
  parsePriceEntry(entry, PRICE_LAYER.shipped),
);
