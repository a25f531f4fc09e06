import {
  PLAN_FEATURES,
  type PlanFeature,
  planOf,
  type SubscriptionTier,
  smallestTierWith,
  TIERS,
} from "../domain/plans/index.ts";
import { BillingError } from "../kernel/index.ts";
import { defaultBilling } from "./default-billing.ts";

/** What gating needs of a `Billing`. */
export interface GatingBilling {
  readonly entitlements: {
    planOf(tenant: string): Promise<{ readonly tier: SubscriptionTier; readonly trialEnded: boolean }>;
  };
}

/** The tiers, the smallest first. */
export const TIER_ORDER = TIERS;

/** The specification's names of features, where they differ. */
const SPECIFIED = {
  api_access: "apiAccess",
  all_agents: "allAgents",
  audit_logs: "auditLogs",
  sso: "ssoEnabled",
  sso_enabled: "ssoEnabled",
  custom_agents: "customAgents",
  priority_support: "prioritySupport",
  dedicated_infrastructure: "dedicatedInfrastructure",
  sla_guarantee: "slaGuarantee",
  custom_models: "customModels",
  compliance_certifications: "complianceCertifications",
} as const satisfies Readonly<Record<string, PlanFeature>>;

/** Which tier a feature is on from, by the plans as they are sold today. */
export const FEATURE_TIER_MAP: Readonly<Record<PlanFeature | keyof typeof SPECIFIED, SubscriptionTier>> =
  Object.freeze(
    Object.fromEntries(
      [...PLAN_FEATURES.map((feature) => [feature, feature] as const), ...Object.entries(SPECIFIED)].map(
        ([name, feature]) => [name, smallestTierWith(feature)],
      ),
    ) as Record<PlanFeature | keyof typeof SPECIFIED, SubscriptionTier>,
  );

/**
 * Whether a tier is at least another one.
 *
 * @throws BillingError invalid_input `unknown_tier`: an unknown tier is neither small nor large.
 * @example
 * tierSufficient("enterprise", "professional"); // true
 */
export function tierSufficient(tier: SubscriptionTier, required: SubscriptionTier): boolean {
  return TIER_ORDER.indexOf(planOf(tier).tier) >= TIER_ORDER.indexOf(planOf(required).tier);
}

interface TierLack {
  readonly required: SubscriptionTier;
  readonly current: SubscriptionTier;
}

/** A tier is not enough. `required` is the tier to take. */
export class TierInsufficientError extends BillingError {
  override readonly name = "TierInsufficientError";
  readonly requiredTier: SubscriptionTier;
  readonly currentTier: SubscriptionTier;

  constructor({ required, current }: TierLack) {
    const text = `this needs ${required} or more, the organization has ${current}: upgrade to ${required}`;
    super("forbidden", "tier_insufficient", text, { details: detailsOf({ required, current }) });
    this.requiredTier = required;
    this.currentTier = current;
  }
}

/** A trial has ended, and what is left without it is not enough. */
export class TrialExpiredError extends BillingError {
  override readonly name = "TrialExpiredError";
  readonly requiredTier: SubscriptionTier;
  readonly currentTier: SubscriptionTier;

  constructor({ required, current }: TierLack) {
    const text = `the trial has ended and this needs ${required} or more: upgrade to ${required}`;
    super("forbidden", "trial_expired", text, { details: detailsOf({ required, current }) });
    this.requiredTier = required;
    this.currentTier = current;
  }
}

/**
 * Resolves with an organization's tier where it is enough, and throws where it is not, where there is no such
 * organization and where it cannot be looked up: nobody passes by chance.
 *
 * @throws TierInsufficientError; TrialExpiredError where a trial has ended that was not gone on with; BillingError
 * not_found `organization_not_found`, forbidden `organization_suspended`, failed_precondition `subscription_paused`,
 * invalid_input `unknown_tier`, unavailable.
 * @example
 * await requireTier(FEATURE_TIER_MAP.sso, { orgId: "org_123" }, billing);
 */
export async function requireTier(
  required: SubscriptionTier,
  { orgId }: { readonly orgId: string },
  billing: GatingBilling = defaultBilling(),
): Promise<SubscriptionTier> {
  const { tier, trialEnded } = await billing.entitlements.planOf(orgId);
  if (tierSufficient(tier, required)) return tier;
  const lack = { required, current: tier };
  throw trialEnded && tier === "free" ? new TrialExpiredError(lack) : new TierInsufficientError(lack);
}

function detailsOf({ required, current }: TierLack) {
  return { requiredTier: required, currentTier: current, upgradeTo: required };
}
