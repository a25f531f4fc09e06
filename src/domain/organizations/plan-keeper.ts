// What an organization has bought is kept by a later domain. The tier and its version stand here too, for seats and for whoever
// asks what a tenant is on; they change in one place, `putPlan`, in the transaction that changes the subscription.

import type { Tx } from "../../store/index.ts";
import { planOf, type SubscriptionTier } from "../plans/index.ts";
import type { Actor } from "./actor.ts";
import { putPlan } from "./organization-store.ts";

/** An organization whose plan something happened to, by whom and when. */
interface PlanMoment {
  readonly tenant: string;
  readonly at: number;
  readonly actor: Actor;
}

/** Keeps subscriptions. `billing.ts` joins it. Each runs in the transaction of the change, with the organization locked. */
export interface PlanKeeper {
  /** The organization was made, on this tier. */
  created(tx: Tx, made: PlanMoment & { readonly tier: SubscriptionTier }): Promise<void>;
  /** An operator gives it a tier by hand: this puts it on that, the organization's own row included. */
  tierSet(tx: Tx, set: PlanMoment & { readonly tier: SubscriptionTier }): Promise<void>;
  /** Writes what time has made due, so that the organization's tier and seats are those of now. */
  settle(tx: Tx, tenant: string): Promise<void>;
  /** The organization was erased: nothing is charged from now on. */
  erased(tx: Tx, erased: PlanMoment): Promise<void>;
}

/** Of programs that sell nothing: a tier is what an operator says it is. */
export const TIER_ALONE: PlanKeeper = Object.freeze({
  created: async () => undefined,
  tierSet: (tx, { tenant, tier, at }) => putPlan(tenant, { tier, version: planOf(tier).version, at }, tx),
  settle: async () => undefined,
  erased: async () => undefined,
} satisfies PlanKeeper);
