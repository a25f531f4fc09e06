import { BillingError, type Clock, type Ids } from "../../kernel/index.ts";
import type { Store, Tx } from "../../store/index.ts";
import { tenantOf } from "../metering/index.ts";
import { centsOf, fieldsOf, freeReferenceOf } from "./discount-input.ts";
import { type VolumeChange, type VolumeView, volumeChange, volumeView } from "./discount-view.ts";
import {
  changeSpent,
  insertVolumeEntry,
  lockSpent,
  spentBy,
  type VolumeEntry,
  type VolumeKind,
  volumeEntry,
} from "./volume-store.ts";

export interface VolumeInput {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenant?: string | undefined;
  /** Whole cents, from 1 to 100,000,000,000. */
  readonly amountCents: number;
  /** The caller's key, unique per tenant among purchases, and among refunds: a retry with it is counted once. */
  readonly reference?: string | undefined;
}

/** Volume discounts: what each organization has bought over its lifetime, and the tier that it has reached by it. */
export class VolumeService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #tenant: string | undefined;

  constructor(
    { store, clock, ids }: { store: Store; clock: Clock; ids: Ids },
    { tenant }: { readonly tenant: string | undefined },
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#ids = ids;
    this.#tenant = tenant;
  }

  /** Where an organization stands: its tier is the one at which a purchase is priced that is made now. */
  get(tenant?: string): Promise<VolumeView> {
    const whose = tenantOf(tenant, this.#tenant);
    return this.#store.read(async (reader) => volumeView(whose, await spentBy(whose, reader)));
  }

  /**
   * Counts a purchase. It is priced at the tier reached before it (`percentBefore`); a tier is reached at its threshold.
   * With a `reference` a retry has the first result and is not counted again.
   *
   * @throws BillingError conflict `reference_conflict` for another amount under the reference; invalid_input.
   * @example
   * const { currentDiscountPercent } = await volume.recordPurchase({ tenant: "acme", amountCents: 5_000_000, reference: "inv_7" });
   */
  recordPurchase(input: VolumeInput): Promise<VolumeChange> {
    return this.#record("purchase", input);
  }

  /**
   * Takes a refund off the sum; the tier may fall by it. Purchases that were made stay priced as they were.
   *
   * @throws BillingError failed_precondition `refund_too_large` for more than the sum; as {@link recordPurchase}.
   */
  recordRefund(input: VolumeInput): Promise<VolumeChange> {
    return this.#record("refund", input);
  }

  async #record(kind: VolumeKind, input: VolumeInput): Promise<VolumeChange> {
    fieldsOf(input, ["tenant", "amountCents", "reference"], kind);
    const tenant = tenantOf(input.tenant, this.#tenant);
    const amount = centsOf(input.amountCents, "amountCents");
    const reference = freeReferenceOf(input.reference) ?? this.#ids.next("vol");
    const at = this.#clock.now();
    const entry = await this.#store.transaction((tx) =>
      countVolume(tenant, { kind, reference, amount, at }, tx),
    );
    return volumeChange(tenant, entry);
  }
}

/** Counts a purchase or a refund, in cents, within the caller's transaction: once per reference. @throws BillingError as `VolumeService`. */
export async function countVolume(
  tenant: string,
  { kind, reference, amount, at }: Omit<VolumeEntry, "spentAfter">,
  tx: Tx,
): Promise<VolumeEntry> {
  const spent = await lockSpent(tenant, tx);
  const known = await volumeEntry(tenant, { kind, reference }, tx);
  if (known !== undefined) {
    if (known.amount === amount) return known;
    const text = `this reference is that of a ${kind} of another amount; nothing was changed`;
    throw new BillingError("conflict", "reference_conflict", text, { details: { field: "reference" } });
  }
  const change = kind === "purchase" ? amount : -amount;
  if (!(await changeSpent(tenant, change, tx))) {
    const text = `a refund can be of ${spent} cents at most: what was bought and not refunded yet`;
    throw new BillingError("failed_precondition", "refund_too_large", text, {
      details: { field: "amountCents" },
    });
  }
  const entry = { kind, reference, amount, spentAfter: spent + change, at };
  await insertVolumeEntry(tenant, entry, tx);
  return entry;
}

/**
 * Takes what an invoice or a part of it counted off the sum, within the caller's transaction; at most what is left of the sum,
 * so that refunds counted otherwise never stand in the way of whoever takes an invoice back. Once per reference.
 */
export async function uncountVolume(
  tenant: string,
  { reference, amount, at }: Pick<VolumeEntry, "reference" | "amount" | "at">,
  tx: Tx,
): Promise<void> {
  const spent = await lockSpent(tenant, tx);
  const left = amount < spent ? amount : spent;
  if (left > 0n) await countVolume(tenant, { kind: "refund", reference, amount: left, at }, tx);
}
