// What is sold, as the specification's tables say it.

export const TIERS = ["free", "starter", "professional", "enterprise", "enterprise_plus"] as const;
export type Tier = (typeof TIERS)[number];
export type Limit = number | "unlimited";

interface Sold {
  readonly cents: number;
  readonly debates: Limit;
  readonly seats: Limit;
}

export const SOLD: Readonly<Record<Tier, Sold>> = {
  free: { cents: 0, debates: 10, seats: 1 },
  starter: { cents: 9_900, debates: 50, seats: 2 },
  professional: { cents: 29_900, debates: 200, seats: 10 },
  enterprise: { cents: 99_900, debates: "unlimited", seats: "unlimited" },
  enterprise_plus: { cents: 500_000, debates: "unlimited", seats: "unlimited" },
};
/** There has been one version of the plans. */
export const VERSION = 1;

/** The smallest tier with a feature. */
export const FEATURES = {
  ...{ apiAccess: "professional", allAgents: "professional", auditLogs: "professional" },
  ...{ ssoEnabled: "enterprise", customAgents: "enterprise", prioritySupport: "enterprise" },
  ...{ dedicatedInfrastructure: "enterprise_plus", slaGuarantee: "enterprise_plus" },
  ...{ customModels: "enterprise_plus", complianceCertifications: "enterprise_plus" },
} as const satisfies Readonly<Record<string, Tier>>;
export type Feature = keyof typeof FEATURES;

export const TRIAL_DAYS = 7;
export const TRIAL_DEBATES = 10;

export function rankOf(tier: Tier): number {
  return TIERS.indexOf(tier);
}

/** The smallest tier, from one on, that has more of something than is used; null: none. */
export function tierWithMore(of: "debates" | "seats", used: number, from: Tier): Tier | null {
  const enough = TIERS.slice(rankOf(from)).find((tier) => hasRoom(SOLD[tier][of], used));
  return enough ?? null;
}

export function hasRoom(limit: Limit, used: number): boolean {
  return limit === "unlimited" || used < limit;
}
