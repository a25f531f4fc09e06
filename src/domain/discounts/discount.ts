// What discounts are: codes with fixed terms, and redemptions, each of which takes one use of a code.

import { BillingError, type ErrorKind } from "../../kernel/index.ts";
import type { Limit, SubscriptionTier } from "../plans/index.ts";

/** What a code takes off: a percentage, an amount, or the percentage of the organization's volume tier. */
export const DiscountType = Object.freeze({
  PERCENTAGE: "percentage",
  FIXED_AMOUNT: "fixed_amount",
  VOLUME: "volume",
} as const);
export type DiscountType = (typeof DiscountType)[keyof typeof DiscountType];

/** Discounts are whole cents: they lower billed money. */
export const DISCOUNT_CURRENCY = "USD";

/** What a code takes off. */
export type Worth =
  | { readonly type: "percentage"; readonly percent: string }
  | { readonly type: "fixed_amount"; readonly amount: bigint }
  | { readonly type: "volume" };

/** What a code is. Nothing of it ever changes. */
export interface CodeTerms {
  /** In its canonical form. */
  readonly code: string;
  readonly worth: Worth;
  readonly maxUses: Limit;
  readonly maxUsesPerOrganization: Limit;
  /** Cents, before any discount; equal to it is enough. */
  readonly minPurchase: bigint;
  /** Empty: all. */
  readonly tiers: readonly SubscriptionTier[];
  /** Empty: all. */
  readonly organizations: readonly string[];
  /** Epoch ms, from which on it is valid; null: always was. */
  readonly validFrom: number | null;
  /** Epoch ms, from which on it is not; null: never. */
  readonly expiresAt: number | null;
  readonly description: string;
}

/** A code as it stands. */
export interface StoredCode extends CodeTerms {
  readonly createdAt: number;
  readonly disabledAt: number | null;
  /** Redemptions that are reserved or confirmed, and what they take off. */
  readonly uses: bigint;
  readonly discounted: bigint;
}

/** `reserved` ends as one of the others; `confirmed` and `released` are final. */
export type RedemptionState = "reserved" | "confirmed" | "released" | "expired";

/** One use of a code for one purchase of a tenant. */
export interface Redemption {
  readonly tenant: string;
  /** Of the purchase. */
  readonly reference: string;
  readonly code: string;
  readonly id: string;
  /** '' for none. */
  readonly user: string;
  /** Cents before any discount. */
  readonly purchase: bigint;
  /** What the codes before it had left of the purchase. */
  readonly base: bigint;
  /** The percentage that was taken of it; null: an amount was. */
  readonly percent: string | null;
  readonly discount: bigint;
  readonly state: RedemptionState;
  readonly createdAt: number;
  /** When its reservation ends, or would have. */
  readonly expiresAt: number;
}

/** Why a code cannot be used, in the order in which it is looked at. */
export const REFUSALS = Object.freeze([
  "code_invalid",
  "code_not_found",
  "redemption_ended",
  "code_disabled",
  "code_exhausted",
  "code_expired",
  "code_not_yet_active",
  "org_not_eligible",
  "tier_not_eligible",
  "min_purchase_not_met",
  "max_uses_per_org",
  "stacking_order",
  "no_discount",
] as const);
export type RefusalReason = (typeof REFUSALS)[number];

export interface Refusal {
  readonly reason: RefusalReason;
  /** A sentence that says the remedy, if there is one. */
  readonly message: string;
}

const KINDS: Partial<Record<RefusalReason, ErrorKind>> = {
  code_invalid: "invalid_input",
  code_not_found: "not_found",
  code_exhausted: "limit_exceeded",
  max_uses_per_org: "limit_exceeded",
};

/** A refusal as an error, for who asked to use a code. */
export function refusalError({ reason, message }: Refusal): BillingError {
  const kind = KINDS[reason] ?? "failed_precondition";
  return new BillingError(kind, reason, message, { details: { field: "code" } });
}

/** The end of a reservation belongs to it no more. */
export function isDue({ state, expiresAt }: Pick<Redemption, "state" | "expiresAt">, now: number): boolean {
  return state === "reserved" && expiresAt <= now;
}
