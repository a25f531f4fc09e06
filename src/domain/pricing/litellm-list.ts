// LiteLLM's model_prices_and_context_window.json: one object per model id, USD per single token. Long-context prices and
// service tiers are key suffixes: input_cost_per_token_above_200k_tokens_priority.

import type { PriceBand, PriceEntryInput, PriceTier, TokenPrices } from "./price-entry.ts";
import {
  isPriced,
  keyOf,
  objectIn,
  type PriceListReading,
  PriceReader,
  parseList,
  textIn,
  Unpriceable,
  withoutContestedAliases,
} from "./price-list.ts";

/** The names of LiteLLM's providers in the book, where they differ; Vertex AI and Gemini are both Google's. */
const PROVIDERS: Readonly<Record<string, string>> = Object.freeze({
  ...{ gemini: "google", palm: "google", bedrock_converse: "bedrock", azure_text: "azure" },
  ...{ cohere_chat: "cohere", together_ai: "together", fireworks_ai: "fireworks" },
  ...{ "fireworks_ai-embedding-models": "fireworks", "text-completion-openai": "openai" },
  ...{ "text-completion-codestral": "codestral", "text-completion-inception": "inception" },
});
const TOKEN_KEYS: readonly (readonly [keyof TokenPrices, string])[] = [
  ["input", "input_cost_per_token"],
  ["output", "output_cost_per_token"],
  ["cachedInput", "cache_read_input_token_cost"],
  ["cacheWrite5m", "cache_creation_input_token_cost"],
  ["cacheWrite1h", "cache_creation_input_token_cost_above_1hr"],
  ["reasoning", "output_cost_per_reasoning_token"],
];
const TIER_SUFFIXES: readonly (readonly [tier: string, suffix: string])[] = [
  ["batch", "_batches"],
  ["flex", "_flex"],
  ["priority", "_priority"],
];
const BAND = /_above_(\d{1,6})k_tokens(?:_|$)/;
const OLD_CACHE_KEY = "input_cost_per_token_cache_hit";
const SEARCH_KEY = "search_context_cost_per_query";
const REQUEST_KEY = "input_cost_per_request";
const PRICE_KEY = /cost|price|pricing/;
/** A second statement of the same price, in Databricks units. */
const REPEATED_KEY = /_dbu_cost_/;
/** Kinds of model that make no output tokens. */
const INPUT_ONLY = new Set(["embedding", "rerank", "moderation"]);
/** Kinds of model whose tokens are, or stand beside, sound and pictures. */
const MEDIA = new Set([
  ...["audio_speech", "audio_transcription", "image_edit", "image_generation"],
  ...["ocr", "realtime", "video_generation"],
]);
const PER_MILLION = 6;

/**
 * The entries of a LiteLLM price file, since ever (the file has no dates), with its ids unchanged. The exact id after
 * `<provider>/` is an alias, unless it is a model of that provider itself.
 *
 * What a tier or long-context band has no price of its own for takes LiteLLM's own fallback: band of the tier, standard
 * band, tier, standard. Where search prices differ by context size the medium one is taken, as providers default to it.
 *
 * @throws BillingError invalid_input `invalid_price_list`: no JSON, another shape, a price that is no number or negative.
 */
export function readLitellmPrices(text: string): PriceListReading {
  const models = Object.entries(objectIn(parseList(text), "the list")).filter(([id]) => id !== "sample_spec");
  const reading: PriceListReading = { entries: [], skipped: [], rounded: [], omitted: [] };
  const ids = new Set<string>();
  for (const [id, value] of models) {
    const fields = objectIn(value, id);
    if (fields.litellm_provider === undefined) {
      reading.skipped.push({ id, reason: "no provider" });
      continue;
    }
    const listed = textIn(fields.litellm_provider, `${id}: litellm_provider`).toLowerCase();
    const provider = providerOf(listed);
    ids.add(keyOf(provider, id));
    const model = new LitellmModel(id, fields);
    try {
      const entry = { provider, model: id, aliases: aliasesOf(id, listed), ...model.prices() };
      reading.entries.push(entry);
      reading.rounded.push(...model.reader.rounded);
      const omitted = model.omitted();
      if (omitted.length > 0) reading.omitted.push({ id, fields: omitted });
    } catch (error) {
      if (!(error instanceof Unpriceable)) throw error;
      reading.skipped.push({ id, reason: error.message });
    }
  }
  return { ...reading, entries: withoutContestedAliases(reading.entries, ids) };
}

class LitellmModel {
  readonly reader: PriceReader;
  readonly #id: string;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #used = new Set<string>();

  constructor(id: string, fields: Readonly<Record<string, unknown>>) {
    this.reader = new PriceReader(id);
    this.#id = id;
    this.#fields = fields;
  }

  prices(): Omit<PriceEntryInput, "provider" | "model"> {
    const fields = this.#fields;
    const mode = String(fields.mode);
    const hasInput = isGiven(fields.input_cost_per_token);
    const hasOutput = isGiven(fields.output_cost_per_token);
    if (!hasInput && !hasOutput) {
      throw new Unpriceable(
        isGiven(fields.tiered_pricing) ? "priced in tiered_pricing ranges" : "no token prices",
      );
    }
    if (!hasInput) throw new Unpriceable("no price of input tokens");
    if (!hasOutput && !INPUT_ONLY.has(mode)) throw new Unpriceable("no price of output tokens");
    const thresholds = this.#thresholds();
    const standard = this.#tokenPrices([""]);
    const bands = thresholds.map((threshold) => this.#band(threshold, [""]));
    const tiers: Record<string, PriceTier> = {};
    for (const [tier, suffix] of TIER_SUFFIXES) {
      if (!TOKEN_KEYS.some(([, key]) => isGiven(fields[key + suffix]))) continue;
      const tierBands = thresholds.map((threshold) => this.#band(threshold, [suffix, ""]));
      tiers[tier] = { ...this.#tokenPrices([suffix, ""]), ...(tierBands.length > 0 && { bands: tierBands }) };
    }
    const perUnit = this.#fee(REQUEST_KEY, fields[REQUEST_KEY]);
    const perWebSearch = this.#webSearch();
    const others = this.omitted();
    if (others.length > 0 && MEDIA.has(mode)) throw new Unpriceable(`${mode} priced by other units as well`);
    const isFree = standard.input === "0" && standard.output === "0" && perUnit === undefined;
    if (others.length > 0 && isFree) throw new Unpriceable("priced by other units than tokens");
    return {
      ...standard,
      ...(bands.length > 0 && { bands }),
      ...(Object.keys(tiers).length > 0 && { tiers }),
      ...(perUnit !== undefined && { perUnit }),
      ...(perWebSearch !== undefined && { perWebSearch }),
    };
  }

  /** The keys of prices other than 0 that were not taken over. */
  omitted(): string[] {
    return Object.keys(this.#fields)
      .filter((key) => PRICE_KEY.test(key) && !REPEATED_KEY.test(key) && !this.#used.has(key))
      .filter((key) => isPriced(this.#fields[key]));
  }

  /** In tokens, rising. */
  #thresholds(): number[] {
    const found = Object.keys(this.#fields)
      .filter((key) => TOKEN_KEYS.some(([, name]) => key.startsWith(name)) && isGiven(this.#fields[key]))
      .map((key) => Number(BAND.exec(key)?.[1] ?? 0) * 1_000)
      .filter((tokens) => tokens > 0);
    return [...new Set(found)].sort((a, b) => a - b);
  }

  #band(threshold: number, tierSuffixes: readonly string[]): PriceBand {
    const band = `_above_${threshold / 1_000}k_tokens`;
    const suffixes = [...tierSuffixes.map((suffix) => band + suffix), ...tierSuffixes];
    return { aboveInputTokens: threshold, ...this.#tokenPrices(suffixes) };
  }

  /** Each price under the first of the suffixes that has one. */
  #tokenPrices(suffixes: readonly string[]): TokenPrices {
    const prices: { -readonly [Field in keyof TokenPrices]?: string } = {};
    for (const [field, key] of TOKEN_KEYS) {
      const found = suffixes.map((suffix) => key + suffix).find((name) => isGiven(this.#fields[name]));
      const price = found === undefined ? undefined : this.#perMillion(found);
      if (price !== undefined) prices[field] = price;
    }
    const hit = this.#perMillion(OLD_CACHE_KEY);
    if (hit !== undefined) prices.cachedInput ??= hit;
    // Equal to output is not priced apart, and must follow output into the bands and tiers.
    if (prices.reasoning === this.#perMillion("output_cost_per_token")) delete prices.reasoning;
    return { ...prices, input: prices.input ?? "0", output: prices.output ?? "0" };
  }

  #perMillion(key: string): string | undefined {
    // A price that several bands and tiers share is counted as rounded once.
    const reader = this.#used.has(key) ? new PriceReader(this.#id) : this.reader;
    this.#used.add(key);
    return reader.price(this.#fields[key], key, PER_MILLION, PER_MILLION);
  }

  #webSearch(): string | undefined {
    const value = this.#fields[SEARCH_KEY];
    if (!isGiven(value)) return undefined;
    const sizes = objectIn(value, `${this.#id}: ${SEARCH_KEY}`);
    this.#used.add(SEARCH_KEY);
    return this.#fee(SEARCH_KEY, sizes.search_context_size_medium);
  }

  #fee(key: string, value: unknown): string | undefined {
    this.#used.add(key);
    const fee = this.reader.price(value, key, 0, 12);
    return fee === "0" ? undefined : fee;
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function providerOf(listed: string): string {
  if (listed.startsWith("vertex_ai")) return "google";
  return Object.hasOwn(PROVIDERS, listed) ? (PROVIDERS[listed] as string) : listed;
}

/** LiteLLM writes another provider's own id behind the provider's name: `gemini/gemini-2.5-pro`. */
function aliasesOf(id: string, listed: string): string[] {
  const prefix = `${listed.startsWith("vertex_ai") ? "vertex_ai" : listed.replace(/_converse$/, "")}/`;
  return id.startsWith(prefix) && id.length > prefix.length ? [id.slice(prefix.length)] : [];
}
