// Re-rating: what is on record of a period, priced again by the book of today. Page by page, each in a transaction of its
// own, so that writers are not held up; a page that was done shows no difference when it is visited again.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Decimal } from "decimal.js";
import { BillingError, DAY_MS, dayOf, type Ids, usdToDecimal } from "../../kernel/index.ts";
import { OvertakenError, type Reader, type Store, type Tx } from "../../store/index.ts";
import { reversalOf } from "./adjustment.ts";
import { type EffectivePage, effectivePageAcrossTenants } from "./adjustment-store.ts";
import { type CommitRules, commitRated, rateEvent } from "./commit.ts";
import type { RatedEvent } from "./event.ts";
import { type EventPosition, eventDaysAcrossTenants, type StoredEvent } from "./event-store.ts";

/** What to price again. */
export interface RerateSelection {
  readonly from: number;
  readonly to: number;
  /** '' is all. */
  readonly tenant: string;
  readonly provider: string;
  readonly model: string;
}

/** What re-rating changes, or would change, for one tenant. Exact. */
export interface TenantDifference {
  readonly tenant: string;
  /** Events whose price, cost or charge changes. */
  readonly events: number;
  readonly costBeforeUsd: Decimal;
  readonly costAfterUsd: Decimal;
  readonly chargeBeforeUsd: Decimal;
  readonly chargeAfterUsd: Decimal;
}

export interface RerateProgress {
  readonly examined: number;
  /** The share of the period's days that are done, 0 to 1. */
  readonly share: number;
}

interface Compared {
  readonly seen: readonly StoredEvent[];
  readonly changes: readonly Change[];
  readonly kept: number;
}

interface Change {
  readonly before: StoredEvent;
  readonly after: RatedEvent;
}

const PAGE = 1_000;

/** Prices events again by the book as it is, compares, and (unless `adjustment` is null) appends what differs. */
export class Rerating {
  readonly #store: Store;
  readonly #rules: CommitRules;
  readonly #ids: Ids;
  readonly #sums = new Map<string, [events: number, ...money: bigint[]]>();
  #examined = 0;
  #kept = 0;

  constructor(deps: { store: Store; rules: CommitRules; ids: Ids }) {
    this.#store = deps.store;
    this.#rules = deps.rules;
    this.#ids = deps.ids;
  }

  async run(
    selection: RerateSelection,
    adjustment: string | null,
    onProgress: (progress: RerateProgress) => void,
  ): Promise<{ examined: number; kept: number; tenants: TenantDifference[] }> {
    const onRecord = await this.#store.read(eventDaysAcrossTenants);
    const first = Math.max(dayOf(selection.from), onRecord?.first ?? 0);
    const last = Math.min(Math.ceil(selection.to / DAY_MS) - 1, onRecord?.last ?? -1);
    for (let day = first; day <= last; day += 1) {
      let after: EventPosition | undefined;
      for (;;) {
        const page = { ...selection, day, adjustment: adjustment ?? "", after, limit: PAGE };
        const { seen, changes, kept } = await this.#page(page, adjustment);
        this.#examined += seen.length;
        this.#kept += kept;
        for (const change of changes) this.#add(change);
        // SQLite answers without waiting: signals, timers and other callers get their turn here.
        await nextTurn();
        onProgress({ examined: this.#examined, share: (day - first) / (last - first + 1) });
        const end = seen.at(-1);
        if (end === undefined || seen.length < PAGE) break;
        after = { tenant: end.event.tenant, ts: end.event.ts, seq: end.seq };
      }
    }
    onProgress({ examined: this.#examined, share: 1 });
    return { examined: this.#examined, kept: this.#kept, tenants: this.#differences() };
  }

  #page(page: EffectivePage, adjustment: string | null): Promise<Compared> {
    if (adjustment === null) return this.#store.read((reader) => this.#compare(page, reader));
    return this.#store.transaction(async (tx) => {
      const compared = await this.#compare(page, tx);
      await this.#append(tx, compared.changes, adjustment);
      return compared;
    });
  }

  async #compare(page: EffectivePage, reader: Reader): Promise<Compared> {
    const book = await this.#rules.pricing.book(reader);
    const seen = await effectivePageAcrossTenants(page, reader);
    const changes: Change[] = [];
    let kept = 0;
    for (const before of seen) {
      const entry = { sign: 1 as const, corrects: before.event.id, adjustment: page.adjustment };
      const after = rateEvent(book, before.event, this.#rules.unknownModel, before.recordedAt, entry);
      if (after instanceof BillingError) kept += 1;
      else if (differs(before, after)) changes.push({ before, after });
    }
    return { seen, changes, kept };
  }

  async #append(tx: Tx, changes: readonly Change[], adjustment: string): Promise<void> {
    if (changes.length === 0) return;
    const recordedAt = this.#rules.now();
    const book = await this.#rules.pricing.book(tx);
    const rows = changes.flatMap(({ before, after }) => {
      const event = { ...before.event, id: this.#ids.next("rpl") };
      const entry = { sign: 1 as const, corrects: after.corrects, adjustment };
      const replacement = rateEvent(book, event, this.#rules.unknownModel, recordedAt, entry);
      if (replacement instanceof BillingError) throw replacement;
      return [reversalOf(before, { id: this.#ids.next("rev"), adjustment, recordedAt }), replacement];
    });
    const isNew = await commitRated(tx, rows, this.#rules.participants);
    if (isNew.includes(false)) throw new OvertakenError();
  }

  #add({ before, after }: Change): void {
    const { tenant } = before.event;
    const [events, ...money] = this.#sums.get(tenant) ?? [0, 0n, 0n, 0n, 0n];
    const added = [before.cost, after.cost, before.charge, after.charge];
    this.#sums.set(tenant, [events + 1, ...money.map((sum, index) => sum + (added[index] ?? 0n))]);
  }

  #differences(): TenantDifference[] {
    return [...this.#sums]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([tenant, [events, ...money]]) => {
        const [costBefore = 0n, costAfter = 0n, chargeBefore = 0n, chargeAfter = 0n] = money;
        return {
          tenant,
          events,
          costBeforeUsd: usdToDecimal(costBefore),
          costAfterUsd: usdToDecimal(costAfter),
          chargeBeforeUsd: usdToDecimal(chargeBefore),
          chargeAfterUsd: usdToDecimal(chargeAfter),
        };
      });
  }
}

/** Whether a bill would read differently. The same money by another price's id is no reason to write. */
function differs(before: RatedEvent, after: RatedEvent): boolean {
  return before.cost !== after.cost || before.charge !== after.charge || before.flags !== after.flags;
}
