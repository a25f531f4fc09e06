// May a tenant do something now? Pure: what it has bought and used in, an answer out.

import { BillingError } from "../../kernel/index.ts";
import type { OrganizationStatus } from "../organizations/index.ts";
import {
  CATALOGUES,
  type Catalogue,
  type Limit,
  PLAN_FEATURES,
  type PlanFeature,
  planIn,
  SubscriptionTier,
  smallestTier,
  type TierLimits,
} from "../plans/index.ts";
import type { TenantPlan } from "./tenant-plan.ts";

/** What can be asked about: a feature of the plans, one more debate, one more member. */
export type Entitlement = PlanFeature | "debates" | "seats";

export const ENTITLEMENTS: readonly Entitlement[] = Object.freeze([...PLAN_FEATURES, "debates", "seats"]);

/** Why not. */
export type EntitlementRefusal =
  | "tier_insufficient"
  | "trial_expired"
  | "subscription_canceled"
  | "subscription_paused"
  | "organization_suspended"
  | "debate_limit_reached"
  | "seat_limit_reached";

/** The answer to "may this tenant do this now?". */
export interface EntitlementDecision {
  readonly allowed: boolean;
  /** Null where it is allowed. */
  readonly reason: EntitlementRefusal | null;
  readonly message: string;
  readonly tier: SubscriptionTier;
  /** Of debates per period, or of members; null for a feature, which is on or off. */
  readonly limit: Limit | null;
  readonly used: number | null;
  readonly remaining: Limit | null;
  /** When the count begins anew; null for what does not. */
  readonly resetsAt: Date | null;
  /** The smallest tier that would allow it; null where it is allowed, and where no tier is the remedy. */
  readonly upgradeTo: SubscriptionTier | null;
}

/** What stands in the way of everything, whatever the tier. */
export interface Barrier {
  readonly reason: "subscription_paused" | "organization_suspended";
  readonly message: string;
}

export function barrierOf(status: OrganizationStatus, plan: TenantPlan): Barrier | undefined {
  if (status === "suspended")
    return { reason: "organization_suspended", message: "this organization is suspended: ask the operator" };
  if (plan.status === "paused")
    return {
      reason: "subscription_paused",
      message: "the subscription is paused: ask the operator to unpause it",
    };
  return undefined;
}

export function barrierError({ reason, message }: Barrier): BillingError {
  const kind = reason === "organization_suspended" ? "forbidden" : "failed_precondition";
  return new BillingError(kind, reason, message);
}

/** A feature is on where the plan has it, by the version by which it was sold. */
export function decideFeature(
  plan: TenantPlan,
  feature: PlanFeature,
  catalogues: readonly Catalogue[] = CATALOGUES,
): EntitlementDecision {
  const { limits } = planIn(catalogues, plan.tier, plan.planVersion);
  const nothingCounted = { limit: null, used: null, remaining: null, resetsAt: null };
  if (limits[feature]) return { ...allowed(plan), ...nothingCounted };
  const upgradeTo = remedy(plan, (offered) => offered[feature], catalogues);
  const { reason, why } = lackOf(plan);
  const message = `${feature} is not in ${plan.tier}${why}${advice(upgradeTo)}`;
  return { ...refused(plan, reason, message), ...nothingCounted, upgradeTo };
}

/** One more debate of the period. */
export function decideDebates(
  plan: TenantPlan,
  { limit, used }: { readonly limit: bigint | null; readonly used: bigint },
  catalogues: readonly Catalogue[] = CATALOGUES,
): EntitlementDecision {
  const resetsAt = new Date(plan.periodEnd);
  const count = { ...countOf(limit === null ? "unlimited" : Number(limit), Number(used)), resetsAt };
  if (limit === null || used < limit) return { ...allowed(plan), ...count };
  const upgradeTo = remedy(plan, ({ debatesPerMonth }) => hasRoom(debatesPerMonth, count.used), catalogues);
  const message =
    `${count.used} of ${limit} debates of this period are used${lackOf(plan).why}; ` +
    `the next one begins at ${resetsAt.toISOString()}${advice(upgradeTo)}`;
  return { ...refused(plan, "debate_limit_reached", message), ...count, upgradeTo };
}

/** One more member. Each takes a seat; whoever accepts an invitation is asked again, atomically. */
export function decideSeats(
  plan: TenantPlan,
  members: number,
  catalogues: readonly Catalogue[] = CATALOGUES,
): EntitlementDecision {
  const { usersPerOrg } = planIn(catalogues, plan.tier, plan.planVersion).limits;
  const count = { ...countOf(usersPerOrg, members), resetsAt: null };
  if (hasRoom(usersPerOrg, members)) return { ...allowed(plan), ...count };
  const upgradeTo = remedy(plan, (offered) => hasRoom(offered.usersPerOrg, members), catalogues);
  const message = `${members} of ${usersPerOrg} seats are taken${lackOf(plan).why}${advice(upgradeTo)}`;
  return { ...refused(plan, "seat_limit_reached", message), ...count, upgradeTo };
}

/** A decision that a barrier overrules: what is counted stays; no tier is the remedy, nor the time that does not count in a pause. */
export function overruled(decision: EntitlementDecision, barrier: Barrier | undefined): EntitlementDecision {
  if (barrier === undefined) return decision;
  const resetsAt = barrier.reason === "subscription_paused" ? null : decision.resetsAt;
  return { ...decision, ...barrier, allowed: false, resetsAt, upgradeTo: null };
}

function allowed({ tier }: TenantPlan) {
  return { allowed: true, reason: null, message: "allowed", tier, upgradeTo: null };
}

function refused({ tier }: TenantPlan, reason: EntitlementRefusal, message: string) {
  return { allowed: false, reason, message, tier };
}

/** How the tenant came to have no more than it has. */
function lackOf({ tier, status, trialEnded }: TenantPlan): { reason: EntitlementRefusal; why: string } {
  if (trialEnded && tier === SubscriptionTier.FREE)
    return { reason: "trial_expired", why: ", and the trial has ended" };
  if (status === "canceled")
    return { reason: "subscription_canceled", why: ", and the subscription was canceled" };
  return { reason: "tier_insufficient", why: "" };
}

/** What is sold today decides; never less than what the tenant has. */
function remedy(
  { tier }: TenantPlan,
  isEnough: (limits: TierLimits) => boolean,
  catalogues: readonly Catalogue[],
): SubscriptionTier | null {
  return smallestTier(isEnough, tier, catalogues.at(-1));
}

function advice(upgradeTo: SubscriptionTier | null): string {
  return upgradeTo === null ? "" : `: take ${upgradeTo}`;
}

function hasRoom(limit: Limit, used: number): boolean {
  return limit === "unlimited" || used < limit;
}

function countOf(limit: Limit, used: number) {
  return { limit, used, remaining: limit === "unlimited" ? limit : Math.max(0, limit - used) };
}
