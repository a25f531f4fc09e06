export { type Plan, planOf, TIER_LIMITS } from "./plan.ts";
export { type Limit, type PlanFeature, SubscriptionTier, type TierLimits } from "./tier.ts";
