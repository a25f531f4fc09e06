import type { Clock } from "../../kernel/index.ts";
import type { Reader, Store } from "../../store/index.ts";
import { PriceBook } from "./price-book.ts";
import {
  PRICE_LAYER,
  type PriceEntry,
  type PriceEntryInput,
  parsePriceEntry,
  priceEntryToJson,
  priceExists,
} from "./price-entry.ts";
import { bookVersion, insertEntry, lockBook, readEntries } from "./price-store.ts";
import { SHIPPED_PRICES } from "./shipped-prices.ts";

/** An entry as listed: what was written, plus its id and where it stands. */
export interface ListedPrice extends PriceEntryInput {
  readonly id: string;
  readonly layer: "shipped" | "own";
}

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

  /** Every entry, shipped and own, in the order in which they are looked up. */
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
      this.#book = new PriceBook(version, [...stored, ...SHIPPED_PRICES.filter(({ id }) => !ids.has(id))]);
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
    return (await readEntries(reader))
      .filter(({ intact }) => !intact)
      .map(({ rowId }) => `prices row ${rowId}: its content does not hash to its id`);
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

function listed(entry: PriceEntry): ListedPrice {
  return {
    id: entry.id,
    layer: entry.layer === PRICE_LAYER.own ? "own" : "shipped",
    ...priceEntryToJson(entry),
  };
}
