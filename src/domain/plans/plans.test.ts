import { describe, expect, it } from "vitest";
import {
  CATALOGUES,
  type Catalogue,
  PLAN_FEATURES,
  planIn,
  planOf,
  SubscriptionTier,
  smallestTier,
  smallestTierWith,
  TIER_LIMITS,
  type TierLimits,
} from "./index.ts";

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

  it("have tokens in their price but for the largest, and no price of a debate beyond the limit", () => {
    const metered = TIERS.filter((tier) => planOf(tier).tokens === "metered");
    expect(metered).toEqual(["enterprise_plus"]);
    expect(TIERS.map((tier) => planOf(tier).overage)).toEqual(TIERS.map(() => null));
  });

  it("name every feature once", () => {
    const flags = Object.entries(TIER_LIMITS.free).flatMap(([name, value]) =>
      typeof value === "boolean" ? [name] : [],
    );
    expect([...PLAN_FEATURES].sort()).toEqual(flags.sort());
  });

  it("cannot be changed by who reads them", () => {
    expect([TIER_LIMITS, ...Object.values(TIER_LIMITS), planOf("free")].every(Object.isFrozen)).toBe(true);
  });
});

describe("planOf", () => {
  it("gives today's version unless another is named", () => {
    expect(planOf("starter")).toEqual({
      ...{ tier: "starter", version: 1, limits: TIER_LIMITS.starter },
      ...{ tokens: "included", overage: null },
    });
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

const [FIRST] = CATALOGUES as [Catalogue];
/** A later version, in which starter is dearer and has more. */
const LATER: Catalogue = {
  ...FIRST,
  version: 2,
  tiers: {
    ...FIRST.tiers,
    starter: { ...FIRST.tiers.starter, priceMonthlyCents: 19_900, debatesPerMonth: 80, apiAccess: true },
  },
};

describe("a later version of the catalogue", () => {
  it("leaves a plan that was sold before as it was", () => {
    expect(planIn([FIRST, LATER], "starter", 1)).toEqual(planOf("starter", 1));
    expect(planIn([FIRST, LATER], "starter", 2).limits).toMatchObject({
      ...{ priceMonthlyCents: 19_900, debatesPerMonth: 80, apiAccess: true },
    });
  });

  it("decides which tier has a feature from then on", () => {
    expect(smallestTierWith("apiAccess", FIRST)).toBe("professional");
    expect(smallestTierWith("apiAccess", LATER)).toBe("starter");
  });
});

describe("the smallest tier", () => {
  it("with a feature is the one that it is named for", () => {
    for (const [tier, features] of Object.entries(FEATURES_SINCE))
      for (const feature of features) expect(smallestTierWith(feature as "apiAccess")).toBe(tier);
  });

  it("that is enough is none where no tier is, and none below the one to begin with", () => {
    const gives = (debates: number) => (limits: TierLimits) =>
      limits.debatesPerMonth === "unlimited" || limits.debatesPerMonth >= debates;
    expect([1, 10, 11, 50, 51, 200, 201].map((debates) => smallestTier(gives(debates)))).toEqual([
      ...["free", "free", "starter", "starter", "professional", "professional", "enterprise"],
    ]);
    expect(smallestTier(gives(1), "professional")).toBe("professional");
    expect(smallestTier(() => false)).toBeNull();
  });
});
