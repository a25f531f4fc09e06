// What an import of a public list would change: pure, from the list's entries and those that the book has of it.

import { divideHalfUp, formatDecimal, isoInstant } from "../../kernel/index.ts";
import {
  type PriceEntry,
  type PriceEntryInput,
  priceEntryToJson,
  priceExists,
  withStart,
} from "./price-entry.ts";
import { keyOf } from "./price-list.ts";

/** A model that the book did not have of this list. USD per 1M tokens. */
export interface AddedPrice {
  readonly provider: string;
  readonly model: string;
  readonly input: string;
  readonly output: string;
}

/** One price (or the aliases) of a model that is another one now. */
export interface ChangedPrice {
  readonly provider: string;
  readonly model: string;
  /** `input`, `perWebSearch`, `bands.200000.output`, `tiers.batch.input`, `aliases`. */
  readonly field: string;
  /** Decimal text; null: was not there. */
  readonly from: string | null;
  /** Decimal text; null: is there no more. */
  readonly to: string | null;
  /** Of `from`, two digits after the point, half up; null where there is no such share. */
  readonly percent: string | null;
  /** Since when the new price holds. */
  readonly effectiveFrom: string;
}

/** A model that the book has of this list and that the list has no more. Its price stays. */
export interface GonePrice {
  readonly provider: string;
  readonly model: string;
}

export interface PriceListPlan {
  /** What is to be added to the book. */
  readonly entries: readonly PriceEntry[];
  readonly added: readonly AddedPrice[];
  readonly changed: readonly ChangedPrice[];
  readonly gone: readonly GonePrice[];
  /** Models. */
  readonly unchanged: number;
}

export interface PlanInput {
  /** The list's entries, with the list as their source. */
  readonly listed: readonly PriceEntry[];
  /** Every entry of the book's list layer, of whatever source. */
  readonly stored: readonly PriceEntry[];
  readonly source: string;
  /** The instant at which the two are compared, and from which changes hold. */
  readonly at: number;
  /** Whether somebody named that instant: nothing of the list then holds before it. */
  readonly isDated: boolean;
}

/**
 * Compares a list with what is in force of it, at an instant and at every later date that the list names.
 *
 * A model that is not in force takes the list's own dates. A place in the book that is taken already (another list's
 * price from the same instant) moves the new entry to the next free millisecond, so the list imported last holds.
 *
 * @throws BillingError conflict `price_exists` for another price of the same list from the very instant that was named.
 */
export function planPriceList({ listed, stored, source, at, isDated }: PlanInput): PriceListPlan {
  const book = byModel(stored);
  const list = byModel(listed);
  const entries: PriceEntry[] = [];
  const added: AddedPrice[] = [];
  const changed: ChangedPrice[] = [];
  let unchanged = 0;
  for (const [key, timeline] of list) {
    const places = book.get(key) ?? [];
    const known = places.filter((entry) => entry.source === source);
    const wasInForce = inForce(known, at) !== undefined;
    const changes: ChangedPrice[] = [];
    const additions: PriceEntry[] = [];
    for (const wanted of datesFrom(timeline, at, isDated || wasInForce)) {
      const before = inForce(known, wanted.effectiveFrom);
      if (before !== undefined && isSame(before, wanted)) continue;
      const isNamed = isDated && wanted.effectiveFrom === at;
      const place = freePlace(wanted, places, source, isNamed);
      if (place === undefined) continue;
      const entry = withStart(wanted, place);
      if (wasInForce && before !== undefined) changes.push(...differences(before, entry));
      additions.push(entry);
      places.push(entry);
      known.push(entry);
    }
    if (additions.length === 0) unchanged += 1;
    else if (!wasInForce) added.push(addedPrice(inForce(additions, at) ?? (additions[0] as PriceEntry)));
    entries.push(...additions);
    changed.push(...changes);
  }
  const gone = [...book]
    .filter(
      ([key, places]) =>
        !list.has(key) &&
        inForce(
          places.filter((entry) => entry.source === source),
          at,
        ),
    )
    .map(([, places]) => ({ provider: places[0]?.provider ?? "", model: places[0]?.model ?? "" }));
  return { entries, added, changed, gone, unchanged };
}

/** The list's entries from an instant on, the one then in force dated to it; or all, as they are dated. */
function datesFrom(timeline: readonly PriceEntry[], at: number, isCut: boolean): PriceEntry[] {
  if (!isCut) return [...timeline];
  const current = inForce(timeline, at);
  const later = timeline.filter(({ effectiveFrom }) => effectiveFrom > at);
  return current === undefined ? later : [withStart(current, at), ...later];
}

/** Of entries that supersede one another: the latest that has begun. */
function inForce(entries: readonly PriceEntry[], at: number): PriceEntry | undefined {
  let found: PriceEntry | undefined;
  for (const entry of entries) {
    if (entry.effectiveFrom <= at && entry.effectiveFrom >= (found?.effectiveFrom ?? 0)) found = entry;
  }
  return found;
}

/** The first free instant from the wanted one on; undefined where the very price stands on the way there. */
function freePlace(
  wanted: PriceEntry,
  places: readonly PriceEntry[],
  source: string,
  isNamed: boolean,
): number | undefined {
  const taken = new Map(places.map((entry) => [entry.effectiveFrom, entry]));
  for (let from = wanted.effectiveFrom; ; from += 1) {
    const holder = taken.get(from);
    if (holder === undefined) return from;
    if (holder.source !== source) continue;
    if (isSame(holder, wanted)) return undefined;
    if (isNamed) throw priceExists(wanted, holder.id);
  }
}

function addedPrice({ provider, model, input, output }: PriceEntry): AddedPrice {
  return { provider, model, input: formatDecimal(input, 6), output: formatDecimal(output, 6) };
}

function byModel(entries: readonly PriceEntry[]): Map<string, PriceEntry[]> {
  const models = new Map<string, PriceEntry[]>();
  for (const entry of entries) {
    const key = keyOf(entry.provider, entry.model);
    const known = models.get(key);
    if (known === undefined) models.set(key, [entry]);
    else known.push(entry);
  }
  for (const dated of models.values()) dated.sort((a, b) => a.effectiveFrom - b.effectiveFrom);
  return models;
}

function isSame(a: PriceEntry, b: PriceEntry): boolean {
  return JSON.stringify(contentOf(a)) === JSON.stringify(contentOf(b));
}

function contentOf(entry: PriceEntry): PriceEntryInput {
  const { source, effectiveFrom, effectiveTo, ...content } = priceEntryToJson(entry);
  return content;
}

function differences(before: PriceEntry, after: PriceEntry): ChangedPrice[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const { provider, model } = after;
  const effectiveFrom = isoInstant(after.effectiveFrom);
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((field) => ({ field, from: old.get(field) ?? null, to: now.get(field) ?? null }))
    .filter(({ from, to }) => from !== to)
    .map(({ field, from, to }) => ({
      provider,
      model,
      field,
      from,
      to,
      percent: percentOf(from, to),
      effectiveFrom,
    }));
}

/** Every price of an entry as decimal text under its name. */
function fieldsOf(entry: PriceEntry): Map<string, string> {
  const fields = new Map<string, string>();
  const walk = (prefix: string, value: object): void => {
    for (const [key, item] of Object.entries(value)) {
      if (key === "provider" || key === "model" || key === "aboveInputTokens") continue;
      if (key === "aliases") fields.set(key, (item as readonly string[]).join(", "));
      else if (key === "bands")
        for (const band of item) walk(`${prefix}bands.${band.aboveInputTokens}.`, band);
      else if (typeof item === "object") walk(`${prefix}${key}.`, item);
      else fields.set(prefix + key, String(item));
    }
  };
  walk("", contentOf(entry));
  return fields;
}

const DECIMAL = /^\d+(?:\.(\d+))?$/;

/** The change in percent of `from`, rounded once, half up, to two digits. */
function percentOf(from: string | null, to: string | null): string | null {
  if (from === null || to === null || !DECIMAL.test(from) || !DECIMAL.test(to)) return null;
  const [old, now] = [units(from), units(to)];
  return old === 0n ? null : formatDecimal(divideHalfUp((now - old) * 10_000n, old), 2);
}

/** Pico-units: both the 6 digits of token prices and the 12 of fees fit. */
function units(text: string): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(12, "0"));
}
