// The catalogue is data. A change of it is a new version: who was sold the old one keeps it.

import { PLAN_FEATURES, type PlanFeature, type SubscriptionTier, type TierLimits } from "./tier.ts";

/** The tiers of one version of the catalogue, the smallest first. */
export interface Catalogue {
  readonly version: number;
  readonly tiers: Readonly<Record<SubscriptionTier, TierLimits>>;
  /** The tiers whose tokens are charged by use; of the others they are a part of the price. */
  readonly meteredTokens: readonly SubscriptionTier[];
}

type Numbers = Pick<TierLimits, "priceMonthlyCents" | "debatesPerMonth" | "usersPerOrg">;

const PROFESSIONAL: readonly PlanFeature[] = ["apiAccess", "allAgents", "auditLogs"];
const ENTERPRISE: readonly PlanFeature[] = [...PROFESSIONAL, "ssoEnabled", "customAgents", "prioritySupport"];
const ENTERPRISE_PLUS: readonly PlanFeature[] = [
  ...ENTERPRISE,
  "dedicatedInfrastructure",
  "slaGuarantee",
  "customModels",
  "complianceCertifications",
];

/** Every version there ever was, the current one last. Append only. */
export const CATALOGUES: readonly Catalogue[] = Object.freeze([
  Object.freeze({
    version: 1,
    tiers: Object.freeze({
      free: tier({ priceMonthlyCents: 0, debatesPerMonth: 10, usersPerOrg: 1 }, []),
      starter: tier({ priceMonthlyCents: 9_900, debatesPerMonth: 50, usersPerOrg: 2 }, []),
      professional: tier({ priceMonthlyCents: 29_900, debatesPerMonth: 200, usersPerOrg: 10 }, PROFESSIONAL),
      enterprise: tier(
        { priceMonthlyCents: 99_900, debatesPerMonth: "unlimited", usersPerOrg: "unlimited" },
        ENTERPRISE,
      ),
      enterprise_plus: tier(
        { priceMonthlyCents: 500_000, debatesPerMonth: "unlimited", usersPerOrg: "unlimited" },
        ENTERPRISE_PLUS,
      ),
    }),
    meteredTokens: Object.freeze(["enterprise_plus"] as const),
  }),
]);

function tier(numbers: Numbers, features: readonly PlanFeature[]): TierLimits {
  const switches = PLAN_FEATURES.map((feature) => [feature, features.includes(feature)]);
  return Object.freeze({ ...numbers, ...(Object.fromEntries(switches) as Record<PlanFeature, boolean>) });
}
