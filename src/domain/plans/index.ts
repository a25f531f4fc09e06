export { CATALOGUES, type Catalogue } from "./catalogue.ts";
export { type Plan, planIn, planOf, smallestTier, smallestTierWith, TIER_LIMITS, TIERS } from "./plan.ts";
export {
  type Limit,
  PLAN_FEATURES,
  type PlanFeature,
  SubscriptionTier,
  type TierLimits,
  type TokenTerms,
} from "./tier.ts";
