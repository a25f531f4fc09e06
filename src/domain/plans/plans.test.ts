import { describe, expect, it } from "vitest";
import { planOf, SubscriptionTier, TIER_LIMITS, type TierLimits } from "./index.ts";

const FEATURES_SINCE: Readonly<Record<SubscriptionTier, readonly (keyof TierLimits)[]>> = {
  free: [],
  starter: [],
  professional: ["apiAccess", "allAgents", "auditLogs"],
  enterprise: ["ssoEnabled", "customAgents", "prioritySupport"],
  enterprise_plus: ["dedicatedInfrastructure", "slaGuarantee", "customModels", "complianceCertifications"],
};
const TIERS = Object.values(SubscriptionTier);

describe("the tiers", () => {
  it.each([
    ["free", 0, 10, 1],
    ["starter", 9_900, 50, 2],
    ["professional", 29_900, 200, 10],
    ["enterprise", 99_900, "unlimited", "unlimited"],
    ["enterprise_plus", 500_000, "unlimited", "unlimited"],
  ] as const)("%s costs %i cents and has %s debates and %s users", (tier, cents, debates, users) => {
    const { priceMonthlyCents, debatesPerMonth, usersPerOrg } = TIER_LIMITS[tier];
    expect([priceMonthlyCents, debatesPerMonth, usersPerOrg]).toEqual([cents, debates, users]);
  });

  it("are exactly the specification's five, the smallest first", () => {
    expect(Object.keys(TIER_LIMITS)).toEqual(TIERS);
    expect(TIERS).toEqual(["free", "starter", "professional", "enterprise", "enterprise_plus"]);
  });

  it.each(TIERS)("switch on with %s what is named for it or below it, and nothing else", (tier) => {
    const on = Object.entries(planOf(tier).limits).flatMap(([name, value]) => (value === true ? [name] : []));
    const upTo = TIERS.slice(0, TIERS.indexOf(tier) + 1).flatMap((lower) => FEATURES_SINCE[lower]);
    expect(on.sort()).toEqual([...upTo].sort());
  });

  it("cannot be changed by who reads them", () => {
    expect([TIER_LIMITS, ...Object.values(TIER_LIMITS), planOf("free")].every(Object.isFrozen)).toBe(true);
  });
});

describe("planOf", () => {
  it("gives today's version unless another is named", () => {
    expect(planOf("starter")).toEqual({ tier: "starter", version: 1, limits: TIER_LIMITS.starter });
    expect(planOf("starter", 1)).toEqual(planOf("starter"));
  });

  it.each(["gold", "", "toString", "__proto__", undefined, null])("knows no tier %j", (tier) => {
    expect(() => planOf(tier as SubscriptionTier)).toThrow(
      expect.objectContaining({ kind: "invalid_input", code: "unknown_tier", details: { field: "tier" } }),
    );
  });

  it("knows no version that never was", () => {
    expect(() => planOf("free", 0)).toThrow(expect.objectContaining({ code: "unknown_plan_version" }));
    expect(() => planOf("free", 2)).toThrow(expect.objectContaining({ code: "unknown_plan_version" }));
  });
});
