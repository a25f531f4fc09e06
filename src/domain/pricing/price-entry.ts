// One dated entry of the price book: as people write it (decimal text per 1M tokens) and as the book keeps it.

import {
  BillingError,
  type DecimalInput,
  digest,
  formatDecimal,
  invalidInput,
  isoInstant,
  parseDecimal,
  parseTimestamp,
} from "../../kernel/index.ts";

/** USD per 1,000,000 tokens, as decimal text. `reasoning` is given only where a provider prices it apart from output. */
export interface TokenPrices {
  readonly input: DecimalInput;
  readonly output: DecimalInput;
  readonly cachedInput?: DecimalInput;
  readonly cacheWrite5m?: DecimalInput;
  readonly cacheWrite1h?: DecimalInput;
  readonly reasoning?: DecimalInput;
}

/** Prices of calls whose total input (cached and cache-write tokens included) is above a number of tokens. */
export interface PriceBand extends TokenPrices {
  readonly aboveInputTokens: number;
}

/** Prices of a service tier (`batch`, `flex`, `priority`), with long-context bands of its own. */
export interface PriceTier extends TokenPrices {
  readonly bands?: readonly PriceBand[];
}

/** An entry as a caller or a `--prices` file writes it. */
export interface PriceEntryInput extends TokenPrices {
  readonly provider: string;
  readonly model: string;
  /** Other exact ids of the same model. Nothing else ever matches. */
  readonly aliases?: readonly string[];
  /** USD per `unitSize` of an event's quantity: a fee per request, a price per GiB (unitSize 1073741824). */
  readonly perUnit?: DecimalInput;
  readonly unitSize?: number;
  /** USD per web search made by the provider. */
  readonly perWebSearch?: DecimalInput;
  readonly bands?: readonly PriceBand[];
  readonly tiers?: Readonly<Record<string, PriceTier>>;
  /** First instant of validity; absent: since ever. */
  readonly effectiveFrom?: Date | string;
  /** First instant after validity; absent: open. */
  readonly effectiveTo?: Date | string;
  /** Where the price is from, e.g. the provider's price page. */
  readonly source?: string;
}

/** Which entries stand above which: a database's own prices, imported public lists, what comes with the program. */
export const PRICE_LAYER = Object.freeze({ shipped: 0, list: 1, own: 2 });

/** Pico-USD per token. `undefined`: not priced apart. */
export interface TokenRates {
  readonly input: bigint;
  readonly output: bigint;
  readonly cachedInput: bigint | undefined;
  readonly cacheWrite5m: bigint | undefined;
  readonly cacheWrite1h: bigint | undefined;
  readonly reasoning: bigint | undefined;
}

export interface BandRates extends TokenRates {
  readonly aboveInputTokens: number;
}

export interface TierRates extends TokenRates {
  readonly bands: readonly BandRates[];
}

/** An entry of the book: checked, exact, and named by the hash of its content. */
export interface PriceEntry extends TokenRates {
  readonly id: string;
  readonly layer: number;
  readonly provider: string;
  readonly model: string;
  readonly aliases: readonly string[];
  /** Pico-USD per `unitSize` of quantity. */
  readonly perUnit: bigint;
  readonly unitSize: number;
  /** Pico-USD per search. */
  readonly perWebSearch: bigint;
  readonly bands: readonly BandRates[];
  readonly tiers: ReadonlyMap<string, TierRates>;
  /** Epoch ms. */
  readonly effectiveFrom: number;
  readonly effectiveTo: number | undefined;
  readonly source: string;
}

const TOKEN_FIELDS = ["input", "output", "cachedInput", "cacheWrite5m", "cacheWrite1h", "reasoning"] as const;
const BAND_FIELDS: readonly string[] = [...TOKEN_FIELDS, "aboveInputTokens"];
const TIER_FIELDS: readonly string[] = [...TOKEN_FIELDS, "bands"];
const ENTRY_FIELDS: readonly string[] = [
  ...TOKEN_FIELDS,
  ...["provider", "model", "aliases", "perUnit", "unitSize", "perWebSearch", "bands", "tiers"],
  ...["effectiveFrom", "effectiveTo", "source"],
];
/** USD per 1M tokens with 6 decimals is a whole number of pico-USD per token. */
const PER_MILLION_DIGITS = 6;
const USD_DIGITS = 12;
const MAX_PER_MILLION = 1_000_000n * 10n ** 6n;
const NAME = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

/**
 * Checks an entry and makes it exact.
 *
 * @param field names the entry in errors, e.g. `prices[3]`.
 * @throws BillingError invalid_input naming the field: unknown fields, prices that are negative, above $1,000,000 per 1M
 * tokens or finer than a pico-USD per token, bands out of order, impossible dates.
 */
export function parsePriceEntry(input: unknown, layer: number, field = "price"): PriceEntry {
  const entry = objectOf(input, ENTRY_FIELDS, field);
  const effectiveFrom = instant(entry.effectiveFrom, `${field}.effectiveFrom`) ?? 0;
  const effectiveTo = instant(entry.effectiveTo, `${field}.effectiveTo`);
  if (effectiveTo !== undefined && effectiveTo <= effectiveFrom) {
    throw invalidInput(
      `${field}.effectiveTo`,
      "invalid_period",
      `${field}.effectiveTo must be after effectiveFrom`,
    );
  }
  const content = {
    layer,
    provider: name(entry.provider, `${field}.provider`).toLowerCase(),
    model: name(entry.model, `${field}.model`),
    aliases: names(entry.aliases, `${field}.aliases`),
    ...tokenRates(entry, field),
    perUnit: usd(entry.perUnit, `${field}.perUnit`),
    unitSize: count(entry.unitSize ?? 1, `${field}.unitSize`, 1),
    perWebSearch: usd(entry.perWebSearch, `${field}.perWebSearch`),
    bands: bands(entry.bands, `${field}.bands`),
    tiers: tiers(entry.tiers, `${field}.tiers`),
    effectiveFrom,
    effectiveTo,
    source: entry.source === undefined ? "" : name(entry.source, `${field}.source`),
  };
  return { id: priceId(content), ...content };
}

/** The entry as people write it: decimal text, nothing that is absent. Reading it back gives the same id. */
export function priceEntryToJson(entry: Omit<PriceEntry, "id" | "layer">): PriceEntryInput {
  return {
    provider: entry.provider,
    model: entry.model,
    ...(entry.aliases.length > 0 && { aliases: entry.aliases }),
    ...tokenPrices(entry),
    ...(entry.perUnit > 0n && { perUnit: formatDecimal(entry.perUnit, USD_DIGITS) }),
    ...(entry.unitSize !== 1 && { unitSize: entry.unitSize }),
    ...(entry.perWebSearch > 0n && { perWebSearch: formatDecimal(entry.perWebSearch, USD_DIGITS) }),
    ...(entry.bands.length > 0 && { bands: entry.bands.map(bandPrices) }),
    ...(entry.tiers.size > 0 && {
      tiers: Object.fromEntries(
        [...entry.tiers].map(([tier, rates]) => [
          tier,
          { ...tokenPrices(rates), ...(rates.bands.length > 0 && { bands: rates.bands.map(bandPrices) }) },
        ]),
      ),
    }),
    ...(entry.effectiveFrom !== 0 && { effectiveFrom: isoInstant(entry.effectiveFrom) }),
    ...(entry.effectiveTo !== undefined && { effectiveTo: isoInstant(entry.effectiveTo) }),
    ...(entry.source !== "" && { source: entry.source }),
  };
}

/** The same prices, in force from another instant on and until another entry supersedes them. */
export function withStart(entry: PriceEntry, effectiveFrom: number): PriceEntry {
  const { id: _, ...content } = { ...entry, effectiveFrom, effectiveTo: undefined };
  return { id: priceId(content), ...content };
}

function priceId(content: Omit<PriceEntry, "id">): string {
  return `price_${digest(JSON.stringify([content.layer, priceEntryToJson(content)])).slice(0, 12)}`;
}

function tokenPrices(rates: TokenRates): TokenPrices {
  const text = (rate: bigint | undefined) => formatDecimal(rate ?? 0n, PER_MILLION_DIGITS);
  return {
    input: text(rates.input),
    output: text(rates.output),
    ...(rates.cachedInput !== undefined && { cachedInput: text(rates.cachedInput) }),
    ...(rates.cacheWrite5m !== undefined && { cacheWrite5m: text(rates.cacheWrite5m) }),
    ...(rates.cacheWrite1h !== undefined && { cacheWrite1h: text(rates.cacheWrite1h) }),
    ...(rates.reasoning !== undefined && { reasoning: text(rates.reasoning) }),
  };
}

function bandPrices(band: BandRates): PriceBand {
  return { aboveInputTokens: band.aboveInputTokens, ...tokenPrices(band) };
}

function tokenRates(prices: Record<string, unknown>, field: string): TokenRates {
  const optional = (key: string) =>
    prices[key] === undefined ? undefined : perMillion(prices[key], `${field}.${key}`);
  return {
    input: perMillion(prices.input, `${field}.input`),
    output: perMillion(prices.output, `${field}.output`),
    cachedInput: optional("cachedInput"),
    cacheWrite5m: optional("cacheWrite5m"),
    cacheWrite1h: optional("cacheWrite1h"),
    reasoning: optional("reasoning"),
  };
}

function bands(input: unknown, field: string): readonly BandRates[] {
  const list = listOf(input, field).map((item, index) => {
    const band = objectOf(item, BAND_FIELDS, `${field}[${index}]`);
    const aboveInputTokens = count(band.aboveInputTokens, `${field}[${index}].aboveInputTokens`, 1);
    return { aboveInputTokens, ...tokenRates(band, `${field}[${index}]`) };
  });
  list.forEach((band, index) => {
    const before = list[index - 1];
    if (before !== undefined && before.aboveInputTokens >= band.aboveInputTokens) {
      throw invalidInput(field, "bands_out_of_order", `${field} must rise in aboveInputTokens`);
    }
  });
  return list;
}

function tiers(input: unknown, field: string): ReadonlyMap<string, TierRates> {
  if (input === undefined) return new Map();
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalidInput(field, "invalid_type", `${field} must be an object of tier names`);
  }
  const entries = Object.entries(input).map(([tier, item]): [string, TierRates] => {
    if (!/^[a-z][a-z0-9_-]{0,39}$/.test(tier)) {
      throw invalidInput(
        field,
        "invalid_tier",
        `${field} has a tier name that is not lower-case letters, digits, - or _`,
      );
    }
    const prices = objectOf(item, TIER_FIELDS, `${field}.${tier}`);
    return [
      tier,
      { ...tokenRates(prices, `${field}.${tier}`), bands: bands(prices.bands, `${field}.${tier}.bands`) },
    ];
  });
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function perMillion(input: unknown, field: string): bigint {
  const value = nonNegative(input, PER_MILLION_DIGITS, field);
  if (value > MAX_PER_MILLION) {
    throw invalidInput(field, "price_too_large", `${field} is above $1,000,000 per 1M tokens`);
  }
  return value;
}

function usd(input: unknown, field: string): bigint {
  const value = input === undefined ? 0n : nonNegative(input, USD_DIGITS, field);
  if (value > 1_000_000n * 10n ** 12n)
    throw invalidInput(field, "price_too_large", `${field} is above $1,000,000`);
  return value;
}

function nonNegative(input: unknown, digits: number, field: string): bigint {
  if (input === undefined) throw invalidInput(field, "required", `${field} is required`);
  const value = parseDecimal(input as DecimalInput, digits, field);
  if (value < 0n) throw invalidInput(field, "negative", `${field} must not be negative`);
  return value;
}

function instant(input: unknown, field: string): number | undefined {
  return input === undefined || input === null ? undefined : parseTimestamp(input as string, field);
}

function count(input: unknown, field: string, minimum: number): number {
  if (typeof input !== "number" || !Number.isSafeInteger(input) || input < minimum) {
    throw invalidInput(field, "invalid_count", `${field} must be a whole number of at least ${minimum}`);
  }
  return input;
}

function name(input: unknown, field: string): string {
  if (typeof input !== "string" || !NAME.test(input)) {
    throw invalidInput(
      field,
      "invalid_text",
      `${field} must be text of 1 to 200 characters without control characters`,
    );
  }
  return input;
}

function names(input: unknown, field: string): readonly string[] {
  return [...new Set(listOf(input, field).map((item, index) => name(item, `${field}[${index}]`)))].sort();
}

function listOf(input: unknown, field: string): readonly unknown[] {
  if (input === undefined) return [];
  if (!Array.isArray(input)) throw invalidInput(field, "invalid_type", `${field} must be a list`);
  return input;
}

function objectOf(input: unknown, fields: readonly string[], field: string): Record<string, unknown> {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalidInput(field, "invalid_type", `${field} must be an object`);
  }
  for (const key of Object.keys(input)) {
    if (!fields.includes(key)) {
      throw invalidInput(
        `${field}.${key}`,
        "unknown_field",
        `${field} has an unknown field ${JSON.stringify(key)}`,
      );
    }
  }
  return input as Record<string, unknown>;
}

/** The conflict of two different entries for the same model from the same instant. */
export function priceExists(entry: PriceEntry, existing: string): BillingError {
  const since = entry.effectiveFrom === 0 ? "since ever" : `from ${isoInstant(entry.effectiveFrom)}`;
  return new BillingError(
    "conflict",
    "price_exists",
    `another price of ${entry.provider}/${entry.model} ${since} is in the book (${existing}); prices are not edited: give the new one a later effectiveFrom`,
    { details: { field: "effectiveFrom", provider: entry.provider, model: entry.model, existing } },
  );
}
