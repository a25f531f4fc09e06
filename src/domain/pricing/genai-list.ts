// pydantic/genai-prices data.json (v2): providers with models, USD per 1M tokens, dated prices, long-context tiers.

import { parseTimestamp } from "../../kernel/index.ts";
import { JsonNumber } from "./exact-json.ts";
import type { PriceBand, PriceEntryInput, TokenPrices } from "./price-entry.ts";
import {
  invalidList,
  isObject,
  isPriced,
  keyOf,
  listIn,
  objectIn,
  type PriceListReading,
  PriceReader,
  parseList,
  textIn,
  Unpriceable,
  withoutContestedAliases,
} from "./price-list.ts";

/** The names of the list's providers in the book, where they differ. */
const PROVIDERS: Readonly<Record<string, string>> = Object.freeze({
  ...{ aws: "bedrock", "x-ai": "xai", voyageai: "voyage", moonshotai: "moonshot" },
});
const TOKEN_KEYS: readonly (readonly [keyof TokenPrices, string])[] = [
  ["input", "input_mtok"],
  ["output", "output_mtok"],
  ["cachedInput", "cache_read_mtok"],
  ["cacheWrite5m", "cache_write_mtok"],
  ["cacheWrite1h", "cache_write_1h_mtok"],
  ["reasoning", "output_reasoning_mtok"],
];
const FEE_KEYS: readonly (readonly ["perWebSearch" | "perUnit", string])[] = [
  ["perWebSearch", "web_searches_kcount"],
  ["perUnit", "requests_kcount"],
];
const TAKEN = new Set([...TOKEN_KEYS, ...FEE_KEYS].map(([, key]) => key));
/** A field's price below all tiers, and from each tier's threshold on. */
type Steps = readonly { readonly above: number; readonly price: string }[];

/**
 * The entries of a genai-prices file. Its `start_date` becomes `effectiveFrom`, 00:00 UTC; the entry before ends there.
 *
 * Of the match rules only `equals` is followed, as aliases: prefixes and patterns would price models that nobody listed.
 * A model that is priced by input tokens alone (embeddings) has an output price of 0.
 *
 * @throws BillingError invalid_input `invalid_price_list`: no JSON, another shape, a price that is no number or negative.
 */
export function readGenaiPrices(text: string): PriceListReading {
  const reading: PriceListReading = { entries: [], skipped: [], rounded: [], omitted: [] };
  const ids = new Set<string>();
  listIn(parseList(text), "the list").forEach((item, index) => {
    const provider = objectIn(item, `provider ${index}`);
    const listed = textIn(provider.id, `provider ${index}: id`).toLowerCase();
    const name = Object.hasOwn(PROVIDERS, listed) ? (PROVIDERS[listed] as string) : listed;
    listIn(provider.models, `${listed}: models`).forEach((model, place) => {
      readModel(name, objectIn(model, `${listed}: model ${place}`), reading, ids);
    });
  });
  return { ...reading, entries: withoutContestedAliases(reading.entries, ids) };
}

function readModel(
  provider: string,
  fields: Readonly<Record<string, unknown>>,
  reading: PriceListReading,
  ids: Set<string>,
): void {
  const model = textIn(fields.id, `${provider}: id of a model`);
  const id = `${provider}/${model}`;
  const reader = new PriceReader(id);
  try {
    if (ids.has(keyOf(provider, model))) throw new Unpriceable("listed twice");
    ids.add(keyOf(provider, model));
    const aliases = equalsIn(fields.match).filter((alias) => alias !== model);
    const dated = datedPrices(id, fields.prices);
    const entries = dated.map(({ from, prices }, index): PriceEntryInput => {
      const to = dated[index + 1]?.from;
      return {
        ...{ provider, model, aliases, ...pricesOf(id, prices, reader) },
        ...(from !== undefined && { effectiveFrom: from }),
        ...(to !== undefined && { effectiveTo: to }),
      };
    });
    reading.entries.push(...entries);
    reading.rounded.push(...reader.rounded);
    const omitted = new Set(
      dated.flatMap(({ prices }) => Object.keys(prices).filter((key) => !TAKEN.has(key))),
    );
    if (omitted.size > 0) reading.omitted.push({ id, fields: [...omitted] });
  } catch (error) {
    if (!(error instanceof Unpriceable)) throw error;
    reading.skipped.push({ id, reason: error.message });
  }
}

/** The prices of a model and since when, rising; the first may be since ever. */
function datedPrices(
  id: string,
  value: unknown,
): { from: string | undefined; prices: Readonly<Record<string, unknown>> }[] {
  if (!Array.isArray(value)) return [{ from: undefined, prices: objectIn(value, `${id}: prices`) }];
  const dated = value.map((item) => {
    const { constraint, prices } = objectIn(item, `${id}: prices`);
    return { from: startOf(id, constraint), prices: objectIn(prices, `${id}: prices`) };
  });
  dated.forEach(({ from }, index) => {
    const before = dated[index - 1];
    if (before !== undefined && (from ?? "") <= (before.from ?? ""))
      throw new Unpriceable("dates out of order");
  });
  if (dated.length === 0) throw new Unpriceable("no prices");
  return dated;
}

function startOf(id: string, constraint: unknown): string | undefined {
  if (constraint === undefined || constraint === null) return undefined;
  const fields = objectIn(constraint, `${id}: constraint`);
  const keys = Object.keys(fields);
  if (keys.includes("start_time") || keys.includes("end_time"))
    throw new Unpriceable("priced by time of day");
  if (keys.length !== 1 || keys[0] !== "start_date") throw new Unpriceable(`priced by ${keys.join(" and ")}`);
  const from = `${textIn(fields.start_date, `${id}: start_date`)}T00:00:00Z`;
  parseTimestamp(from, `${id}: start_date`);
  return from;
}

function pricesOf(
  id: string,
  prices: Readonly<Record<string, unknown>>,
  reader: PriceReader,
): Omit<PriceEntryInput, "provider" | "model"> {
  const keys = Object.keys(prices).filter((key) => prices[key] !== undefined && prices[key] !== null);
  if (keys.length === 0) throw new Unpriceable("no prices");
  if (!keys.includes("input_mtok"))
    throw new Unpriceable(keys.includes("output_mtok") ? "no price of input tokens" : "no token prices");
  const steps = TOKEN_KEYS.map(([field, key]) => ({ field, steps: stepsOf(id, prices[key], key, reader) }));
  const thresholds = [...new Set(steps.flatMap((one) => one.steps.map(({ above }) => above)))];
  const bands = thresholds
    .filter((above) => above > 0)
    .sort((a, b) => a - b)
    .map((above): PriceBand => ({ aboveInputTokens: above, ...tokenPricesAt(steps, above) }));
  const fees = FEE_KEYS.map(([field, key]) => [field, reader.price(prices[key], key, -3, 12)] as const);
  const standard = tokenPricesAt(steps, 0);
  const others = keys.filter((key) => !TAKEN.has(key) && isPriced(prices[key]));
  if (others.length > 0 && standard.input === "0" && standard.output === "0") {
    throw new Unpriceable("priced by other units than tokens");
  }
  return {
    ...standard,
    ...(bands.length > 0 && { bands }),
    ...Object.fromEntries(fees.filter(([, fee]) => fee !== undefined && fee !== "0")),
  };
}

/** What a field does not price apart in a tier stays as it is below the tier. */
function tokenPricesAt(
  all: readonly { readonly field: keyof TokenPrices; readonly steps: Steps }[],
  threshold: number,
): TokenPrices {
  const prices: { -readonly [Field in keyof TokenPrices]?: string } = {};
  for (const { field, steps } of all) {
    for (const { above, price } of steps) if (above <= threshold) prices[field] = price;
  }
  if (prices.reasoning === prices.output) delete prices.reasoning;
  return { ...prices, input: prices.input ?? "0", output: prices.output ?? "0" };
}

function stepsOf(id: string, value: unknown, key: string, reader: PriceReader): Steps {
  if (!isObject(value)) {
    const price = reader.price(value, key, 0, 6);
    return price === undefined ? [] : [{ above: 0, price }];
  }
  const base = reader.price(value.base, `${key}.base`, 0, 6);
  if (base === undefined) throw invalidList(`${id}: ${key}.base is missing`);
  const tiers = listIn(value.tiers, `${id}: ${key}.tiers`).map((item) => {
    const { start, price } = objectIn(item, `${id}: ${key}.tiers`);
    const above = start instanceof JsonNumber ? Number(start.text) : Number.NaN;
    const text = reader.price(price, `${key}.tiers`, 0, 6);
    if (!Number.isSafeInteger(above) || above < 1 || text === undefined)
      throw invalidList(`${id}: ${key}.tiers must have a start and a price`);
    return { above, price: text };
  });
  return [{ above: 0, price: base }, ...tiers.sort((a, b) => a.above - b.above)];
}

/** The exact ids of a match rule: `equals`, alone or among the alternatives of an `or`. */
function equalsIn(match: unknown): string[] {
  if (!isObject(match)) return [];
  if (typeof match.equals === "string" && match.equals !== "") return [match.equals];
  return Array.isArray(match.or) ? match.or.flatMap(equalsIn) : [];
}
