import { invalidInput } from "../../kernel/index.ts";
import { CATALOGUES, type Catalogue } from "./catalogue.ts";
import type { SubscriptionTier, TierLimits } from "./tier.ts";

/** A tier as it is sold by one version of the catalogue. */
export interface Plan {
  readonly tier: SubscriptionTier;
  readonly version: number;
  readonly limits: TierLimits;
}

const CURRENT = CATALOGUES.at(-1) as Catalogue;

/** What each tier gives today. */
export const TIER_LIMITS: Readonly<Record<SubscriptionTier, TierLimits>> = CURRENT.tiers;

/**
 * The plan of a tier: today's, or that of the version by which it was sold.
 *
 * @throws BillingError invalid_input `unknown_tier` or `unknown_plan_version`: an unknown tier has no limits to fall back on.
 * @example
 * planOf("professional").limits.usersPerOrg; // 10
 * planOf(SubscriptionTier.ENTERPRISE).limits.debatesPerMonth; // "unlimited"
 */
export function planOf(tier: SubscriptionTier, version: number = CURRENT.version): Plan {
  const catalogue = CATALOGUES.find((known) => known.version === version);
  if (catalogue === undefined) {
    throw invalidInput("version", "unknown_plan_version", "there is no such version of the plans");
  }
  if (typeof tier !== "string" || !Object.hasOwn(catalogue.tiers, tier)) {
    const known = Object.keys(catalogue.tiers).join(", ");
    throw invalidInput("tier", "unknown_tier", `tier must be one of ${known}`);
  }
  return Object.freeze({ tier, version, limits: catalogue.tiers[tier] });
}
