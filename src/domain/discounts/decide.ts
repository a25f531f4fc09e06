// Whether a code may be used, and what it takes off then. Pure.

import { formatMinor, isoInstant } from "../../kernel/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";
import { discountOf } from "./amount.ts";
import { DISCOUNT_CURRENCY, type Refusal, type RefusalReason, type StoredCode } from "./discount.ts";
import { volumePercent } from "./volume.ts";

/** What a use of a code is decided on. */
export interface Circumstances {
  readonly now: number;
  readonly tenant: string;
  /** The organization's tier; undefined: nobody knows. */
  readonly tier: SubscriptionTier | undefined;
  /** Cents before any discount. */
  readonly purchase: bigint;
  /** What other codes take off the same purchase, and whether one of them takes an amount. */
  readonly taken: bigint;
  readonly hasAmount: boolean;
  /** Whether the volume discount is taken off it already. */
  readonly hasVolume: boolean;
  /** Uses of the code that count, of all organizations and of this one. */
  readonly uses: bigint;
  readonly ownUses: bigint;
  /** What the organization has bought before. */
  readonly spent: bigint;
}

/** What a code takes off. */
export interface Grant {
  readonly base: bigint;
  readonly discount: bigint;
  readonly percent: string | null;
}

/**
 * Codes of one purchase stack: each takes its part of what those before it left, percentages before amounts. So 50 % and
 * 50 % are 75 %, and nothing goes below zero. Limits of a code are its own. The minimum is compared with the whole
 * purchase.
 */
export function decide(code: StoredCode, on: Circumstances): Grant | Refusal {
  const base = on.purchase - on.taken;
  const granted = { base, ...discountOf(code.worth, base, volumePercent(on.spent)) };
  return refusalOf(code, on, granted) ?? granted;
}

export function isRefusal(answer: object): answer is Refusal {
  return "reason" in answer;
}

function refusalOf(code: StoredCode, on: Circumstances, { discount }: Grant): Refusal | undefined {
  const { maxUses, maxUsesPerOrganization, validFrom, expiresAt, worth } = code;
  if (code.disabledAt !== null) return refusal("code_disabled", "this code was disabled");
  if (maxUses !== "unlimited" && on.uses >= BigInt(maxUses))
    return refusal("code_exhausted", `this code was used ${maxUses} times: all there were`);
  if (expiresAt !== null && on.now >= expiresAt)
    return refusal("code_expired", `this code ended at ${isoInstant(expiresAt)}`);
  if (validFrom !== null && on.now < validFrom)
    return refusal("code_not_yet_active", `this code begins at ${isoInstant(validFrom)}`);
  if (code.organizations.length > 0 && !code.organizations.includes(on.tenant))
    return refusal("org_not_eligible", "this code is for other organizations");
  if (code.tiers.length > 0 && (on.tier === undefined || !code.tiers.includes(on.tier)))
    return refusal("tier_not_eligible", tierMessage(code.tiers, on.tier));
  if (on.purchase < code.minPurchase)
    return refusal(
      "min_purchase_not_met",
      `this code is for purchases from $${formatMinor(code.minPurchase, DISCOUNT_CURRENCY)} on`,
    );
  if (maxUsesPerOrganization !== "unlimited" && on.ownUses >= BigInt(maxUsesPerOrganization))
    return refusal("max_uses_per_org", `this organization has used this code ${on.ownUses} times already`);
  if (worth.type !== "fixed_amount" && on.hasAmount)
    return refusal(
      "stacking_order",
      "a code with an amount is on this purchase already: use percentages first, on a new reference",
    );
  if (worth.type === "volume" && on.hasVolume)
    return refusal(
      "stacking_order",
      "the volume discount is taken off this purchase already: leave this code out, or set volumeDiscount to false",
    );
  if (discount === 0n)
    return refusal("no_discount", "this code would take nothing off this purchase, so it is not used up");
  return undefined;
}

function tierMessage(tiers: readonly string[], tier: string | undefined): string {
  const list = tiers.join(", ");
  return tier === undefined
    ? `this code is for ${list}, and the organization's tier is not known: name it, or register the organization`
    : `this code is for ${list}, the organization is on ${tier}`;
}

function refusal(reason: RefusalReason, message: string): Refusal {
  return { reason, message };
}
