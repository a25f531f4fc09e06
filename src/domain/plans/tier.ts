/** The specification's subscription tiers, the smallest first. */
export const SubscriptionTier = Object.freeze({
  FREE: "free",
  STARTER: "starter",
  PROFESSIONAL: "professional",
  ENTERPRISE: "enterprise",
  ENTERPRISE_PLUS: "enterprise_plus",
});
export type SubscriptionTier = (typeof SubscriptionTier)[keyof typeof SubscriptionTier];

/** A count, or no limit at all. */
export type Limit = number | "unlimited";

/** Whether a plan's price has the tokens in it, or they are charged by use. */
export type TokenTerms = "included" | "metered";

/** What an organization of a tier gets, and for how much. */
export interface TierLimits {
  readonly priceMonthlyCents: number;
  readonly debatesPerMonth: Limit;
  readonly usersPerOrg: Limit;
  readonly apiAccess: boolean;
  readonly allAgents: boolean;
  readonly auditLogs: boolean;
  readonly ssoEnabled: boolean;
  readonly customAgents: boolean;
  readonly prioritySupport: boolean;
  readonly dedicatedInfrastructure: boolean;
  readonly slaGuarantee: boolean;
  readonly customModels: boolean;
  readonly complianceCertifications: boolean;
}

/** What a tier may switch on. */
export type PlanFeature = {
  [Name in keyof TierLimits]: TierLimits[Name] extends boolean ? Name : never;
}[keyof TierLimits];

/** Every {@link PlanFeature}. */
export const PLAN_FEATURES = Object.freeze([
  "apiAccess",
  "allAgents",
  "auditLogs",
  "ssoEnabled",
  "customAgents",
  "prioritySupport",
  "dedicatedInfrastructure",
  "slaGuarantee",
  "customModels",
  "complianceCertifications",
] as const satisfies readonly PlanFeature[]);
