import { describe, expect, it } from "vitest";
import { termsOf } from "./discount-input.ts";
import { START } from "./fixtures.ts";
import type { NewCode } from "./index.ts";

describe("the terms of a code", () => {
  it.each<[string, Partial<NewCode>, string]>([
    ["no discount at all", {}, "one_discount"],
    ["two discounts", { discountPercent: 5, discountAmountCents: 5 }, "one_discount"],
    ["a type that is another", { discountPercent: 5, type: "fixed_amount" }, "one_discount"],
    ["a percentage without one", { type: "percentage" }, "one_discount"],
    ["a volume with a percentage", { discountPercent: 5, type: "volume" }, "one_discount"],
    ["a type that is none", { type: "free" as never }, "invalid_choice"],
    ["0 percent", { discountPercent: 0 }, "out_of_range"],
    ["101 percent", { discountPercent: 101 }, "out_of_range"],
    ["5 digits behind the point", { discountPercent: "0.00001" }, "invalid_amount"],
    ["half a cent", { discountAmountCents: 0.5 }, "not_whole"],
    ["0 cents", { discountAmountCents: 0 }, "out_of_range"],
    ["0 uses", { discountPercent: 5, maxUses: 0 }, "out_of_range"],
    ["a blank inside", { discountPercent: 5, code: "A B" }, "invalid_code"],
    ["a tier that is none", { discountPercent: 5, eligibleTiers: ["gold" as never] }, "unknown_tier"],
    [
      "a time without offset",
      { discountPercent: 5, expiresAt: "2026-02-01T00:00:00" },
      "timestamp_without_zone",
    ],
    ["an end at its beginning", { discountPercent: 5, validFrom: START, expiresAt: START }, "out_of_range"],
    ["a misspelt limit", { discountPercent: 5, max_uses: 1 } as never, "unknown_field"],
  ])("are refused with %s", (_, terms, code) => {
    expect(() => termsOf({ code: "A", ...terms })).toThrow(
      expect.objectContaining({ kind: "invalid_input", code }),
    );
  });

  it("keep what was given, exactly, and each tier and organization once", () => {
    const terms = termsOf({
      ...{ code: " a-1 ", discountPercent: 0.1, maxUses: 7, maxUsesPerOrganization: "unlimited" },
      ...{ eligibleTiers: ["starter", "free", "starter"], eligibleOrganizations: ["b", "a", "b"] },
      ...{ validFrom: START, description: "ten" },
    });
    expect(terms).toEqual({
      ...{ code: "A-1", worth: { type: "percentage", percent: "0.1" }, maxUses: 7, minPurchase: 0n },
      ...{ maxUsesPerOrganization: "unlimited", tiers: ["free", "starter"], organizations: ["a", "b"] },
      ...{ validFrom: Date.parse(START), expiresAt: null, description: "ten" },
    });
  });
});
