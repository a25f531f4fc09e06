import { invalidInput } from "../../kernel/index.ts";
import { CATALOGUES, type Catalogue } from "./catalogue.ts";
import { type PlanFeature, SubscriptionTier, type TierLimits, type TokenTerms } from "./tier.ts";

/** A tier as it is sold by one version of the catalogue. */
export interface Plan {
  readonly tier: SubscriptionTier;
  readonly version: number;
  readonly limits: TierLimits;
  readonly tokens: TokenTerms;
  /** What a debate beyond the limit costs. No plan sells any: at the limit a debate is refused. */
  readonly overage: null;
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
  return planIn(CATALOGUES, tier, version);
}

/** The same of any list of catalogues. */
export function planIn(catalogues: readonly Catalogue[], tier: SubscriptionTier, version: number): Plan {
  const catalogue = catalogues.find((known) => known.version === version);
  if (catalogue === undefined) {
    throw invalidInput("version", "unknown_plan_version", "there is no such version of the plans");
  }
  if (typeof tier !== "string" || !Object.hasOwn(catalogue.tiers, tier)) {
    const known = Object.keys(catalogue.tiers).join(", ");
    throw invalidInput("tier", "unknown_tier", `tier must be one of ${known}`);
  }
  const tokens = catalogue.meteredTokens.includes(tier) ? "metered" : "included";
  return Object.freeze({ tier, version, limits: catalogue.tiers[tier], tokens, overage: null });
}

/** All tiers, the smallest first. */
export const TIERS: readonly SubscriptionTier[] = Object.freeze(Object.values(SubscriptionTier));

/**
 * The smallest tier, from `from` on, whose limits are enough by the catalogue; null where none are.
 *
 * @example
 * smallestTier(({ debatesPerMonth }) => debatesPerMonth === "unlimited" || debatesPerMonth > 60); // "professional"
 */
export function smallestTier(
  isEnough: (limits: TierLimits) => boolean,
  from: SubscriptionTier = SubscriptionTier.FREE,
  catalogue: Catalogue = CURRENT,
): SubscriptionTier | null {
  const candidates = TIERS.slice(TIERS.indexOf(from));
  return candidates.find((tier) => isEnough(catalogue.tiers[tier])) ?? null;
}

/**
 * The smallest tier that has a feature; null where none has.
 *
 * @example
 * smallestTierWith("ssoEnabled"); // "enterprise"
 */
export function smallestTierWith(
  feature: PlanFeature,
  catalogue: Catalogue = CURRENT,
): SubscriptionTier | null {
  return smallestTier((limits) => limits[feature], SubscriptionTier.FREE, catalogue);
}
