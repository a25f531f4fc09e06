import { afterEach, describe, expect, it } from "vitest";
import { type Entitled, startEntitled } from "../../test/entitlements/entitled.ts";
import { planOf, SubscriptionTier } from "../domain/plans/index.ts";
import { BillingError } from "../kernel/index.ts";
import {
  FEATURE_TIER_MAP,
  requireTier,
  TIER_ORDER,
  TierInsufficientError,
  TrialExpiredError,
  tierSufficient,
} from "./tier-gating.ts";

const { FREE, STARTER, PROFESSIONAL, ENTERPRISE, ENTERPRISE_PLUS } = SubscriptionTier;

describe("tiers", () => {
  it("come in the specification's order", () => {
    expect(TIER_ORDER).toEqual([FREE, STARTER, PROFESSIONAL, ENTERPRISE, ENTERPRISE_PLUS]);
    for (const [rank, tier] of TIER_ORDER.entries())
      for (const [least, required] of TIER_ORDER.entries())
        expect(tierSufficient(tier, required)).toBe(rank >= least);
  });

  it("of another name are neither small nor large", () => {
    for (const tier of ["gold", "", "toString", undefined] as unknown as SubscriptionTier[]) {
      expect(() => tierSufficient(tier, FREE)).toThrow(expect.objectContaining({ code: "unknown_tier" }));
      expect(() => tierSufficient(ENTERPRISE, tier)).toThrow(
        expect.objectContaining({ code: "unknown_tier" }),
      );
    }
  });

  it("have their features from the plans, under the specification's names too", () => {
    expect(FEATURE_TIER_MAP).toMatchObject({
      ...{ api_access: PROFESSIONAL, all_agents: PROFESSIONAL, audit_logs: PROFESSIONAL },
      ...{ sso: ENTERPRISE, custom_agents: ENTERPRISE, priority_support: ENTERPRISE },
      ...{ dedicated_infrastructure: ENTERPRISE_PLUS, sla_guarantee: ENTERPRISE_PLUS },
      ...{ custom_models: ENTERPRISE_PLUS, compliance_certifications: ENTERPRISE_PLUS },
    });
    for (const tier of TIER_ORDER)
      for (const [name, value] of Object.entries(planOf(tier).limits))
        if (typeof value === "boolean")
          expect(tierSufficient(tier, FEATURE_TIER_MAP[name as "apiAccess"])).toBe(value);
  });
});

describe("requireTier", () => {
  const opened: Entitled[] = [];

  async function start() {
    const started = await startEntitled("sqlite::memory:");
    opened.push(started);
    return started;
  }

  afterEach(async () => {
    for (const { store } of opened.splice(0)) await store.close();
  });

  it("lets pass who has the tier or a larger one", async () => {
    const billing = await start();
    await billing.organization("org_1", { tier: ENTERPRISE });
    expect(await requireTier(PROFESSIONAL, { orgId: "org_1" }, billing)).toBe(ENTERPRISE);
    expect(await requireTier(ENTERPRISE, { orgId: "org_1" }, billing)).toBe(ENTERPRISE);
  });

  it("names the tier that is needed, the one there is, and what to do", async () => {
    const billing = await start();
    await billing.organization("org_1", { tier: STARTER });
    const refused = requireTier(FEATURE_TIER_MAP.sso, { orgId: "org_1" }, billing);
    await expect(refused).rejects.toBeInstanceOf(TierInsufficientError);
    await expect(refused).rejects.toBeInstanceOf(BillingError);
    await expect(refused).rejects.toMatchObject({
      ...{ kind: "forbidden", code: "tier_insufficient", requiredTier: ENTERPRISE, currentTier: STARTER },
      message: "this needs enterprise or more, the organization has starter: upgrade to enterprise",
      details: { requiredTier: ENTERPRISE, currentTier: STARTER, upgradeTo: ENTERPRISE },
    });
  });

  it("says so where a trial has ended, unless something was bought since", async () => {
    const billing = await start();
    await billing.organization("org_1", { trialEnded: true });
    const refused = requireTier(PROFESSIONAL, { orgId: "org_1" }, billing);
    await expect(refused).rejects.toBeInstanceOf(TrialExpiredError);
    await expect(refused).rejects.toMatchObject({ code: "trial_expired", requiredTier: PROFESSIONAL });
    expect(await requireTier(FREE, { orgId: "org_1" }, billing)).toBe(FREE);
    await billing.subscribe("org_1", { trialEnded: true, tier: STARTER });
    await expect(requireTier(PROFESSIONAL, { orgId: "org_1" }, billing)).rejects.toBeInstanceOf(
      TierInsufficientError,
    );
  });

  it("lets nobody pass who is unknown, suspended or paused, or where the look-up fails", async () => {
    const billing = await start();
    const refusal = (orgId: string) =>
      requireTier(FREE, { orgId }, billing).then(
        () => "let through",
        (error: BillingError) => error.code,
      );
    expect(await refusal("nobody")).toBe("organization_not_found");
    await billing.organization("paused", { tier: ENTERPRISE, status: "paused" });
    expect(await refusal("paused")).toBe("subscription_paused");
    await billing.organization("suspended", { tier: ENTERPRISE });
    await billing.setOrganization("suspended", "status", "suspended");
    expect(await refusal("suspended")).toBe("organization_suspended");
    await billing.store.close();
    expect(await refusal("suspended")).toBe("store_closed");
  });

  it("asks for a tier that exists", async () => {
    const billing = await start();
    await billing.organization("org_1", { tier: ENTERPRISE_PLUS });
    for (const tier of ["gold", undefined, "toString"] as unknown as SubscriptionTier[])
      await expect(requireTier(tier, { orgId: "org_1" }, billing)).rejects.toMatchObject({
        code: "unknown_tier",
      });
  });
});
