// What callers get: cents as whole numbers, percentages as decimal text, times as Date.

import type { Limit, SubscriptionTier } from "../plans/index.ts";
import type { Grant } from "./decide.ts";
import {
  type DiscountType,
  isDue,
  type Redemption,
  type RedemptionState,
  type RefusalReason,
  type StoredCode,
} from "./discount.ts";
import { tierAfter, tierReached, type VolumeTier } from "./volume.ts";
import type { VolumeEntry } from "./volume-store.ts";

/** A code: what it takes off, for whom, how often, and how often it was used. */
export interface DiscountCodeView {
  /** In its canonical form: upper case. */
  readonly code: string;
  readonly type: DiscountType;
  /** Of a percentage, as decimal text. */
  readonly discountPercent: string | null;
  /** Of an amount. */
  readonly discountAmountCents: number | null;
  readonly maxUses: Limit;
  readonly maxUsesPerOrganization: Limit;
  readonly minPurchaseCents: number;
  /** Empty: all. */
  readonly eligibleTiers: readonly SubscriptionTier[];
  /** Empty: all. */
  readonly eligibleOrganizations: readonly string[];
  readonly validFrom: Date | null;
  /** From this instant on it is not valid. */
  readonly expiresAt: Date | null;
  readonly description: string;
  /** As of now. */
  readonly status: "active" | "scheduled" | "expired" | "exhausted" | "disabled";
  /** Confirmed redemptions and reservations. */
  readonly totalUses: number;
  /** What those take off. */
  readonly totalDiscountCents: number;
  readonly createdAt: Date;
}

/** What a code would take off a purchase now. */
export interface CodeCheck {
  readonly valid: boolean;
  /** Canonical, where it is a code at all. */
  readonly code: string;
  /** Null: it is valid. */
  readonly reason: RefusalReason | null;
  readonly message: string;
  readonly purchaseAmountCents: number;
  /** 0 where it is not valid. */
  readonly discountAmountCents: number;
  /** What is left to pay, after the codes that were used on this purchase before; the whole where it is not valid. */
  readonly finalAmountCents: number;
  /** The percentage taken of what earlier codes left; null: none was. */
  readonly discountPercent: string | null;
}

/** One use of a code for one purchase. */
export interface RedemptionView {
  readonly id: string;
  readonly tenant: string;
  /** Of the purchase. Without one of the caller's: the id. */
  readonly reference: string;
  readonly code: string;
  readonly userId: string | null;
  readonly state: RedemptionState;
  /** Before any discount. */
  readonly purchaseAmountCents: number;
  readonly discountAmountCents: number;
  /** What this and the codes before it leave to pay. */
  readonly finalAmountCents: number;
  readonly discountPercent: string | null;
  readonly createdAt: Date;
  /** Of a reservation that is open: when it ends. */
  readonly expiresAt: Date | null;
}

/** What an organization has bought over its lifetime, and what its next purchase gets for it. */
export interface VolumeView {
  readonly tenant: string;
  /** Purchases less refunds, since the beginning. */
  readonly cumulativeSpendCents: number;
  /** Decimal text; `0` below the first tier. */
  readonly currentDiscountPercent: string;
  readonly currentTier: VolumeTier | null;
  readonly nextTier: VolumeTier | null;
  /** What is missing to the next tier; null: there is none. */
  readonly untilNextTierCents: number | null;
}

/** A purchase or refund that was counted, and where the organization stood right after it. */
export interface VolumeChange extends VolumeView {
  readonly kind: "purchase" | "refund";
  readonly reference: string;
  readonly amountCents: number;
  /** The tier's percentage before it: at which a purchase is priced. */
  readonly percentBefore: string;
  readonly at: Date;
}

export function codeView(
  code: StoredCode,
  due: { readonly uses: bigint; readonly discounted: bigint },
  now: number,
): DiscountCodeView {
  const { worth, validFrom, expiresAt } = code;
  const uses = code.uses - due.uses;
  return {
    ...{ code: code.code, type: worth.type, description: code.description },
    discountPercent: worth.type === "percentage" ? worth.percent : null,
    discountAmountCents: worth.type === "fixed_amount" ? Number(worth.amount) : null,
    ...{ maxUses: code.maxUses, maxUsesPerOrganization: code.maxUsesPerOrganization },
    ...{ minPurchaseCents: Number(code.minPurchase), eligibleTiers: code.tiers },
    ...{
      eligibleOrganizations: code.organizations,
      validFrom: dateOf(validFrom),
      expiresAt: dateOf(expiresAt),
    },
    status: statusOf(code, uses, now),
    totalUses: Number(uses),
    totalDiscountCents: Number(code.discounted - due.discounted),
    createdAt: new Date(code.createdAt),
  };
}

function statusOf(code: StoredCode, uses: bigint, now: number): DiscountCodeView["status"] {
  if (code.disabledAt !== null) return "disabled";
  if (code.maxUses !== "unlimited" && uses >= BigInt(code.maxUses)) return "exhausted";
  if (code.expiresAt !== null && now >= code.expiresAt) return "expired";
  return code.validFrom !== null && now < code.validFrom ? "scheduled" : "active";
}

export function validCheck(code: string, purchase: bigint, { base, discount, percent }: Grant): CodeCheck {
  const final = base - discount;
  return {
    ...{ valid: true, code, reason: null, message: "this code is valid", discountPercent: percent },
    ...{ purchaseAmountCents: Number(purchase), discountAmountCents: Number(discount) },
    finalAmountCents: Number(final),
  };
}

export function redemptionView(redemption: Redemption, now: number): RedemptionView {
  const { id, tenant, reference, code, user, purchase, base, discount, percent } = redemption;
  const state = isDue(redemption, now) ? "expired" : redemption.state;
  return {
    ...{ id, tenant, reference, code, state, userId: user === "" ? null : user },
    ...{ purchaseAmountCents: Number(purchase), discountAmountCents: Number(discount) },
    ...{ finalAmountCents: Number(base - discount), discountPercent: percent },
    createdAt: new Date(redemption.createdAt),
    expiresAt: state === "reserved" ? new Date(redemption.expiresAt) : null,
  };
}

export function volumeView(tenant: string, spent: bigint): VolumeView {
  const [current, next] = [tierReached(spent), tierAfter(spent)];
  return {
    ...{ tenant, cumulativeSpendCents: Number(spent) },
    ...{ currentDiscountPercent: current?.discountPercent ?? "0", currentTier: current ?? null },
    nextTier: next ?? null,
    untilNextTierCents: next === undefined ? null : next.thresholdCents - Number(spent),
  };
}

export function volumeChange(tenant: string, entry: VolumeEntry): VolumeChange {
  const { kind, reference, amount, spentAfter, at } = entry;
  const before = kind === "purchase" ? spentAfter - amount : spentAfter + amount;
  return {
    ...volumeView(tenant, spentAfter),
    ...{ kind, reference, amountCents: Number(amount), at: new Date(at) },
    percentBefore: volumeView(tenant, before).currentDiscountPercent,
  };
}

function dateOf(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
