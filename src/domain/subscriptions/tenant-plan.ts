import type { Reader } from "../../store/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";

/** What a tenant has bought, at an instant: what is due by then counts as done, whether or not a job has run. */
export interface TenantPlan {
  readonly tier: SubscriptionTier;
  /** The version of the catalogue by which it was sold. */
  readonly planVersion: number;
  readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
  /** Epoch ms; null outside of a trial. */
  readonly trialEndsAt: number | null;
  /** Whether a trial has ended that nobody went on to pay for. */
  readonly trialEnded: boolean;
  /** Epoch ms: the period that debates are counted in, half open. */
  readonly periodStart: number;
  readonly periodEnd: number;
}

/** Tells what a tenant has bought; undefined where there is no such organization. */
export type PlanOfTenant = (tenant: string, at: number, reader: Reader) => Promise<TenantPlan | undefined>;
