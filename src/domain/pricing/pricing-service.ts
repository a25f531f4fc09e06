import { type Clock, currentTenant, isoInstant, parseTimestamp } from "../../kernel/index.ts";
import type { Reader, Store } from "../../store/index.ts";
import { readGenaiPrices } from "./genai-list.ts";
import { readLitellmPrices } from "./litellm-list.ts";
import { PriceBook } from "./price-book.ts";
import {
  PRICE_LAYER,
  type PriceEntry,
  type PriceEntryInput,
  parsePriceEntry,
  priceEntryToJson,
  priceExists,
} from "./price-entry.ts";
import {
  invalidList,
  type OmittedPrices,
  type PriceListReading,
  type PriceListSource,
  type RoundedPrice,
  type SkippedPrice,
} from "./price-list.ts";
import {
  type AddedPrice,
  type ChangedPrice,
  type GonePrice,
  type PriceListPlan,
  planPriceList,
} from "./price-list-plan.ts";
import { type PriceRuleInput, parsePriceRule, priceRuleToJson, ruleExists } from "./price-rule.ts";
import {
  bookVersion,
  insertEntries,
  insertEntry,
  insertRule,
  lockBook,
  readEntries,
  readLayer,
  readRules,
} from "./price-store.ts";
import { SHIPPED_PRICES } from "./shipped-prices.ts";

/** An entry as listed: what was written, plus its id and where it stands. */
export interface ListedPrice extends PriceEntryInput {
  readonly id: string;
  readonly layer: keyof typeof PRICE_LAYER;
}

/** A rule as listed: what was written, plus its id. */
export interface ListedPriceRule extends PriceRuleInput {
  readonly id: string;
}

export interface ImportPriceListInput {
  readonly source: PriceListSource;
  /** The list's file. */
  readonly text: string;
  /** Since when the list holds; absent: now for what changed, since ever (or the list's own dates) for what is new. */
  readonly effectiveFrom?: Date;
  /** Compares only. */
  readonly dryRun?: boolean;
}

/** What an import changed, or would change. */
export interface PriceListDiff {
  /** As in the `source` of the entries. */
  readonly source: string;
  /** The instant at which the list was compared with the book. */
  readonly comparedAt: string;
  readonly dryRun: boolean;
  readonly added: readonly AddedPrice[];
  readonly changed: readonly ChangedPrice[];
  readonly gone: readonly GonePrice[];
  /** Models. */
  readonly unchanged: number;
  readonly rounded: readonly RoundedPrice[];
  readonly skipped: readonly SkippedPrice[];
  readonly omitted: readonly OmittedPrices[];
}

const LISTS: Readonly<Record<PriceListSource, { source: string; read: (text: string) => PriceListReading }>> =
  Object.freeze({
    genai: { source: "genai-prices", read: readGenaiPrices },
    litellm: { source: "litellm", read: readLitellmPrices },
  });

/** The price book of one database. */
export class PricingService {
  readonly #store: Store;
  readonly #clock: Clock;
  #book: PriceBook | undefined;
  #shipped: Promise<void> | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Adds entries above the shipped ones, all or none. Idempotent: an entry that is there with the same content counts
   * as `unchanged`. Events already rated keep their price; the new one applies to events of its period from now on.
   *
   * @throws BillingError invalid_input naming the field; conflict `price_exists` for other prices of the same model from
   * the same instant.
   * @example
   * await billing.pricing.add([
   *   { provider: "openai", model: "gpt-4o", input: "2.00", output: "8.00", effectiveFrom: "2026-01-01T00:00:00Z" },
   * ]);
   */
  async add(entries: readonly PriceEntryInput[]): Promise<{ added: number; unchanged: number }> {
    const parsed = entries.map((entry, index) => parsePriceEntry(entry, PRICE_LAYER.own, `prices[${index}]`));
    const added = await this.#insert(parsed);
    return { added, unchanged: parsed.length - added };
  }

  /**
   * Adds price rules, all or none: what tenants are charged (a selling price, a markup, nothing), or what providers take
   * from us by contract. Idempotent: a rule that is there counts as `unchanged`.
   *
   * The most specific rule in force at an event's time applies: the tenant's own before everybody's, a model's before a
   * provider's before any, then the latest. Without one the charge is the cost. Derived unit prices are rounded half up
   * to 1 pico-USD. Events already rated keep their prices; `metering.rerate` applies a rule to them.
   *
   * @throws BillingError invalid_input naming the field; conflict `price_rule_exists` for another rule of the same
   * tenant, provider and model from the same instant.
   * @example
   * await billing.pricing.addRules([
   *   { tenant: "acme", percent: "20", feePerCall: "0.001", effectiveFrom: "2026-01-01T00:00:00Z" },
   *   { appliesTo: "cost", provider: "openai", percent: "-7.5", note: "contract of 2026" },
   * ]);
   */
  async addRules(rules: readonly PriceRuleInput[]): Promise<{ added: number; unchanged: number }> {
    const parsed = rules.map((rule, index) => parsePriceRule(rule, `rules[${index}]`));
    const added = await this.#store.transaction(async (tx) => {
      await lockBook(tx);
      let count = 0;
      for (const rule of parsed) {
        const place = await insertRule(tx, rule, this.#clock.now());
        if (place.id !== rule.id) throw ruleExists(rule, place.id);
        if (place.added) count += 1;
      }
      return count;
    });
    return { added, unchanged: parsed.length - added };
  }

  /**
   * Every rule of one tenant and those for all tenants, latest start first. Absent: the tenant of `withTenant`; outside
   * of any, every rule there is.
   */
  async rules(tenant: string | undefined = currentTenant()): Promise<ListedPriceRule[]> {
    const book = await this.#store.read((reader) => this.book(reader));
    return book.rules.all
      .filter((rule) => tenant === undefined || rule.tenant === "" || rule.tenant === tenant)
      .map((rule) => ({ id: rule.id, ...priceRuleToJson(rule) }));
  }

  /**
   * Takes over a public price list, below the database's own entries and above the shipped ones: all of it or, after an
   * error, nothing. Compared with what is in force of the same list: a changed price becomes a new entry from
   * `effectiveFrom` (default: now) on, what is gone stays. Idempotent, also when several processes import at once: the
   * same list again adds nothing. Events already rated keep their price.
   *
   * Of two lists that price the same model, the entry with the later start is in force; of two since ever, that of the
   * list imported last.
   *
   * @throws BillingError invalid_input `invalid_price_list`, or naming the price; conflict `price_exists` for other
   * prices of the same list from the same `effectiveFrom`.
   * @example
   * const { changed } = await billing.pricing.importList({ source: "litellm", text, dryRun: true });
   */
  async importList(input: ImportPriceListInput): Promise<PriceListDiff> {
    const { effectiveFrom, dryRun = false } = input;
    if (!Object.hasOwn(LISTS, input.source)) throw invalidList('source must be "genai" or "litellm"');
    const { source, read } = LISTS[input.source];
    const named = effectiveFrom === undefined ? undefined : parseTimestamp(effectiveFrom, "effectiveFrom");
    const { entries, rounded, skipped, omitted } = read(input.text);
    const listed = entries.map((entry) =>
      parsePriceEntry({ ...entry, source }, PRICE_LAYER.list, `${entry.provider}/${entry.model}`),
    );
    let at = 0;
    const planOn = async (reader: Reader): Promise<PriceListPlan> => {
      const stored = await readLayer(reader, PRICE_LAYER.list);
      at = named ?? this.#clock.now();
      return planPriceList({ listed, stored, source, at, isDated: named !== undefined });
    };
    let plan = await this.#store.read(planOn);
    if (!dryRun && plan.entries.length > 0) {
      plan = await this.#store.transaction(async (tx) => {
        await lockBook(tx);
        const locked = await planOn(tx);
        await insertEntries(tx, locked.entries, this.#clock.now());
        return locked;
      });
    }
    const { added, changed, gone, unchanged } = plan;
    return {
      ...{ source, comparedAt: isoInstant(at), dryRun },
      ...{ added, changed, gone, unchanged, rounded, skipped, omitted },
    };
  }

  /** Every entry that ever was for an exact model id or alias, newest start first, of equal ones the highest layer. */
  async history(provider: string, model: string): Promise<ListedPrice[]> {
    const book = await this.#store.read((reader) => this.book(reader));
    const name = provider.toLowerCase();
    return book.entries
      .filter((entry) => entry.provider === name && (entry.model === model || entry.aliases.includes(model)))
      .sort((a, b) => b.effectiveFrom - a.effectiveFrom)
      .map(listed);
  }

  /** Every entry, in the order in which they are looked up. */
  async list(): Promise<ListedPrice[]> {
    const book = await this.#store.read((reader) => this.book(reader));
    return book.entries.map(listed);
  }

  /**
   * The price in force for an exact model id or alias, or null.
   *
   * @param at defaults to now.
   */
  async show(provider: string, model: string, at?: Date): Promise<ListedPrice | null> {
    const book = await this.#store.read((reader) => this.book(reader));
    const instant = at?.getTime() ?? this.#clock.now();
    const found = book.resolve(provider.toLowerCase(), model, instant);
    return found === undefined ? null : listed(found.entry);
  }

  /** The book as committed when `reader`'s snapshot or transaction looks; kept between calls while it is unchanged. */
  async book(reader: Reader): Promise<PriceBook> {
    const version = await bookVersion(reader);
    if (this.#book?.version !== version) {
      const stored = (await readEntries(reader)).map(({ entry }) => entry);
      const ids = new Set(stored.map(({ id }) => id));
      const shipped = SHIPPED_PRICES.filter(({ id }) => !ids.has(id));
      const rules = (await readRules(reader)).map(({ rule }) => rule);
      this.#book = new PriceBook(version, [...stored, ...shipped], rules);
    }
    return this.#book;
  }

  /** Writes the shipped entries into the database once, so that what was rated by them can be checked for ever. */
  keepShipped(): Promise<void> {
    this.#shipped ??= this.#insertShipped().catch((error: unknown) => {
      this.#shipped = undefined;
      throw error;
    });
    return this.#shipped;
  }

  /** Rows of the book that were changed by hand, as sentences. */
  async differences(reader: Reader): Promise<string[]> {
    const changed = (rows: readonly { rowId: string; intact: boolean }[], table: string) =>
      rows
        .filter(({ intact }) => !intact)
        .map(({ rowId }) => `${table} row ${rowId}: its content does not hash to its id`);
    return [
      ...changed(await readEntries(reader), "prices"),
      ...changed(await readRules(reader), "price_rules"),
    ];
  }

  async #insertShipped(): Promise<void> {
    const known = await this.#store.read(readEntries);
    const ids = new Set(known.map(({ rowId }) => rowId));
    const missing = SHIPPED_PRICES.filter(({ id }) => !ids.has(id));
    if (missing.length > 0) await this.#insert(missing);
  }

  #insert(entries: readonly PriceEntry[]): Promise<number> {
    return this.#store.transaction(async (tx) => {
      await lockBook(tx);
      let added = 0;
      for (const entry of entries) {
        const place = await insertEntry(tx, entry, this.#clock.now());
        if (place.id !== entry.id && entry.layer !== PRICE_LAYER.shipped) throw priceExists(entry, place.id);
        if (place.added) added += 1;
      }
      return added;
    });
  }
}

const LAYER_NAMES: Readonly<Record<number, ListedPrice["layer"]>> = Object.freeze({
  [PRICE_LAYER.shipped]: "shipped",
  [PRICE_LAYER.list]: "list",
});

function listed(entry: PriceEntry): ListedPrice {
  return {
    id: entry.id,
    layer: LAYER_NAMES[entry.layer] ?? "own",
    ...priceEntryToJson(entry),
  };
}
