// What the readers of public price lists have in common: what they return, and how a number becomes a price.

import { BillingError } from "../../kernel/index.ts";
import { roundDecimal, shiftDecimal } from "./decimal-text.ts";
import { JsonNumber, parseExactJson } from "./exact-json.ts";
import type { PriceEntryInput } from "./price-entry.ts";

/** A public price list that can be imported. */
export type PriceListSource = "genai" | "litellm";

/** A model of a list that is not taken over. */
export interface SkippedPrice {
  readonly id: string;
  readonly reason: string;
}

/** A number finer than a pico-USD per token: the noise of a binary float, rounded away. */
export interface RoundedPrice {
  readonly id: string;
  readonly field: string;
  /** As in the list. */
  readonly from: string;
  /** USD per 1M tokens, or per search or request. */
  readonly to: string;
}

/** Prices of a model that was taken over for which the book has no place: audio and image tokens and the like. */
export interface OmittedPrices {
  readonly id: string;
  readonly fields: readonly string[];
}

/** A list as read: every model is in `entries` or in `skipped`. */
export interface PriceListReading {
  readonly entries: PriceEntryInput[];
  readonly skipped: SkippedPrice[];
  readonly rounded: RoundedPrice[];
  readonly omitted: OmittedPrices[];
}

/** The entries without the aliases that name another model, or several: to follow those would be to guess. */
export function withoutContestedAliases(
  entries: readonly PriceEntryInput[],
  ids: ReadonlySet<string>,
): PriceEntryInput[] {
  const owners = new Map<string, string>();
  const contested = new Set<string>();
  for (const { provider, model, aliases = [] } of entries) {
    for (const alias of aliases) {
      const key = keyOf(provider, alias);
      if (ids.has(key) || (owners.get(key) ?? model) !== model) contested.add(key);
      owners.set(key, model);
    }
  }
  return entries.map(({ aliases = [], ...entry }) => {
    const own = aliases.filter((alias) => !contested.has(keyOf(entry.provider, alias)));
    return own.length === 0 ? entry : { ...entry, aliases: own };
  });
}

/** One text for a provider and a model. */
export function keyOf(provider: string, model: string): string {
  return `${provider}\n${model}`;
}

/** Why a model cannot be taken over; thrown while it is read. */
export class Unpriceable extends Error {}

/** The prices of one model while they are read: exact, checked, and with a note of what was rounded. */
export class PriceReader {
  readonly rounded: RoundedPrice[] = [];
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  /** A number times 10^places with at most `digits` after the point, or undefined where the list has none. */
  price(value: unknown, field: string, places: number, digits: number): string | undefined {
    if (value === undefined || value === null) return undefined;
    const exact = value instanceof JsonNumber ? shiftDecimal(value.text, places) : undefined;
    if (exact === undefined || !(value instanceof JsonNumber))
      throw invalidList(`${this.#id}: ${field} is not a number`);
    if (exact.startsWith("-"))
      throw invalidList(`${this.#id}: ${field} is negative (${value.text.slice(0, 40)})`);
    const price = roundDecimal(exact, digits);
    if (price === exact) return price;
    if (price === "0") throw new Unpriceable("a price below a pico-USD");
    this.rounded.push({ id: this.#id, field, from: value.text, to: price });
    return price;
  }
}

/**
 * The JSON of a list.
 *
 * @throws BillingError invalid_input `invalid_price_list`.
 */
export function parseList(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    const reason = error instanceof RangeError ? "it is nested too deeply" : (error as Error).message;
    throw invalidList(`not valid JSON: ${reason}`);
  }
}

/** @throws BillingError invalid_input `invalid_price_list` for anything but an object. */
export function objectIn(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw invalidList(`${what} must be an object`);
  return value;
}

/** @throws BillingError invalid_input `invalid_price_list` for anything but a list. */
export function listIn(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidList(`${what} must be a list`);
  return value;
}

/** @throws BillingError invalid_input `invalid_price_list` for anything but text that is not empty. */
export function textIn(value: unknown, what: string): string {
  if (typeof value !== "string" || value === "") throw invalidList(`${what} must be text`);
  return value;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
  );
}

/** Whether a price is there and not 0. */
export function isPriced(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return !(value instanceof JsonNumber) || /[1-9]/.test(value.text.replace(/[eE].*$/, ""));
}

export function invalidList(message: string): BillingError {
  return new BillingError("invalid_input", "invalid_price_list", `the price list is unfit: ${message}`, {
    details: { field: "text" },
  });
}
