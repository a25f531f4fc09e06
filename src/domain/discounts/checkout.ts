// All codes of one purchase, and its volume discount, for a domain that sells: within that domain's own transaction.

import { divideHalfUp, parseDecimal } from "../../kernel/index.ts";
import { OvertakenError, type Reader, type Tx } from "../../store/index.ts";
import { isRefusal } from "./decide.ts";
import { refusalError } from "./discount.ts";
import { look, redeem } from "./redeem.ts";
import { volumePercent } from "./volume.ts";
import { spentBy } from "./volume-store.ts";

/** A purchase with the codes that are to be used for it, in their order. */
export interface Checkout {
  readonly tenant: string;
  /** Canonical. */
  readonly codes: readonly string[];
  /** Cents before any discount. */
  readonly purchase: bigint;
  /** What the volume discount takes off it, before the codes. */
  readonly volume: bigint;
  /** Of the purchase: a code is used once for it. */
  readonly reference: string;
}

/** What a code takes off. */
export interface CodeDiscount {
  readonly code: string;
  /** Cents. */
  readonly discount: bigint;
  /** Decimal text; null for an amount. */
  readonly percent: string | null;
}

/** What the codes would take off now, each of what those before it leave. @throws BillingError as `DiscountService.apply`. */
export async function lookAtCodes(checkout: Checkout, now: number, reader: Reader): Promise<CodeDiscount[]> {
  const { tenant, codes, purchase, volume, reference } = checkout;
  const discounts: CodeDiscount[] = [];
  for (const code of codes) {
    const before = {
      taken: discounts.reduce((sum, { discount }) => sum + discount, volume),
      hasAmount: discounts.some(({ percent }) => percent === null),
      hasVolume: volume > 0n,
    };
    const answer = await look({ tenant, code, purchase, reference, tier: undefined, before }, now, reader);
    if (isRefusal(answer)) throw refusalError(answer);
    discounts.push({ code, discount: answer.discount, percent: answer.percent });
  }
  return discounts;
}

/**
 * Uses the codes for good, with the caller's transaction or not at all.
 *
 * @throws BillingError as `DiscountService.apply`; OvertakenError where a code takes off something else than it looked like.
 */
export async function redeemCodes(
  checkout: Checkout,
  expected: readonly CodeDiscount[],
  { now, id }: { now: number; id: () => string },
  tx: Tx,
): Promise<void> {
  const { tenant, purchase, volume, reference } = checkout;
  const before = { taken: volume, hasAmount: false, hasVolume: volume > 0n };
  for (const { code, discount } of expected) {
    const wanted = { id: id(), user: "", state: "confirmed", expiresAt: now } as const;
    const answer = await redeem(
      { tenant, code, purchase, reference, tier: undefined, before },
      wanted,
      now,
      tx,
    );
    if (isRefusal(answer)) throw refusalError(answer);
    if (answer.discount !== discount) throw new OvertakenError();
  }
}

/** The volume discount of a purchase that is made now: the percentage reached before it, and what it takes off. */
export async function volumeDiscountOn(
  tenant: string,
  purchase: bigint,
  reader: Reader,
): Promise<{ percent: string; discount: bigint }> {
  const percent = volumePercent(await spentBy(tenant, reader));
  return { percent, discount: divideHalfUp(purchase * parseDecimal(percent, 4, "percent"), 1_000_000n) };
}
