import { describe, expect, it } from "vitest";
import { CATALOGUES, type Catalogue, planOf, TIERS } from "../plans/index.ts";
import { decideDebates, decideFeature, decideSeats, ENTITLEMENTS } from "./entitlement.ts";
import type { TenantPlan } from "./tenant-plan.ts";

const [FIRST] = CATALOGUES as [Catalogue];
/** A later version: starter costs more and has more, professional has less. */
const LATER: Catalogue = {
  ...FIRST,
  version: 2,
  tiers: {
    ...FIRST.tiers,
    starter: { ...FIRST.tiers.starter, debatesPerMonth: 80, usersPerOrg: 5, apiAccess: true },
    professional: { ...FIRST.tiers.professional, auditLogs: false },
  },
};
const BOTH = [FIRST, LATER];

function bought(plan: Partial<TenantPlan>): TenantPlan {
  return {
    ...{ tier: "free", planVersion: 1, status: "active", trialEndsAt: null, trialEnded: false },
    ...{ periodStart: 0, periodEnd: 1_000, ...plan },
  };
}

describe("what a tenant has bought", () => {
  it("stays as it was sold when a later version of its tier has less or more", () => {
    const professional = bought({ tier: "professional" });
    expect(decideFeature(professional, "auditLogs", BOTH).allowed).toBe(true);
    expect(decideFeature({ ...professional, planVersion: 2 }, "auditLogs", BOTH)).toMatchObject({
      ...{ allowed: false, upgradeTo: "enterprise" },
    });
    expect(decideSeats(bought({ tier: "starter" }), 2, BOTH)).toMatchObject({ allowed: false, limit: 2 });
    expect(decideSeats(bought({ tier: "starter", planVersion: 2 }), 2, BOTH)).toMatchObject({ limit: 5 });
  });

  it("is compared with what is sold today where it is not enough", () => {
    expect(decideFeature(bought({}), "apiAccess", BOTH).upgradeTo).toBe("starter");
    expect(decideFeature(bought({ tier: "starter" }), "apiAccess", BOTH).upgradeTo).toBe("starter");
    const used = { limit: 50n, used: 60n };
    expect(decideDebates(bought({ tier: "starter" }), used, BOTH).upgradeTo).toBe("starter");
    expect(decideDebates(bought({ tier: "starter" }), used).upgradeTo).toBe("professional");
  });
});

describe("every feature", () => {
  it.each(TIERS)("of %s is allowed exactly where the plan has it, and the remedy has it", (tier) => {
    for (const entitlement of ENTITLEMENTS) {
      if (entitlement === "debates" || entitlement === "seats") continue;
      const { allowed, upgradeTo, reason } = decideFeature(bought({ tier }), entitlement);
      expect(allowed).toBe(planOf(tier).limits[entitlement]);
      expect(reason === null).toBe(allowed);
      expect(upgradeTo === null).toBe(allowed);
      if (upgradeTo !== null) {
        expect(planOf(upgradeTo).limits[entitlement]).toBe(true);
        const below = TIERS[TIERS.indexOf(upgradeTo) - 1];
        expect(below && planOf(below).limits[entitlement]).toBe(false);
      }
    }
  });
});

describe("a count at its limit", () => {
  it("is full at the limit and not before, and 0 admits none", () => {
    const at = (limit: bigint, used: bigint) => decideDebates(bought({}), { limit, used });
    expect([at(10n, 9n).allowed, at(10n, 10n).allowed, at(10n, 11n).allowed]).toEqual([true, false, false]);
    expect(at(0n, 0n)).toMatchObject({ allowed: false, remaining: 0 });
  });

  it("points at a tier that has room for one more than is used", () => {
    const to = (used: bigint) => decideDebates(bought({}), { limit: 10n, used }).upgradeTo;
    expect([to(10n), to(49n), to(50n), to(199n), to(200n)]).toEqual([
      ...["starter", "starter", "professional", "professional", "enterprise"],
    ]);
    expect(decideSeats(bought({}), 1).upgradeTo).toBe("starter");
    expect(decideSeats(bought({}), 2).upgradeTo).toBe("professional");
  });
});
