import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ENGINES } from "../../test/support/database.ts";
import type { Billing } from "../billing.ts";
import { type Started, startDiscounts } from "../domain/discounts/fixtures.ts";
import { DiscountType } from "../domain/discounts/index.ts";
import { DAY_MS } from "../kernel/index.ts";
import { setDefaultBilling } from "./default-billing.ts";
import { DiscountManager, getDiscountManager } from "./discount-manager.ts";

describe.each(ENGINES)("the manager of discounts on $name", ({ freshUrl }) => {
  let started: Started;
  let manager: DiscountManager;

  // The database of all three: each has codes and organizations of its own.
  beforeAll(async () => {
    started = await startDiscounts(await freshUrl(), { tenant: "default" });
    manager = new DiscountManager({}, started);
  });

  afterAll(() => started.store.close());

  it("runs the specification's example of a code", async () => {
    setDefaultBilling(started as unknown as Billing);
    onTestFinished(() => setDefaultBilling(undefined));
    const manager = getDiscountManager();
    expect(getDiscountManager()).toBe(manager);

    const code = await manager.createCode({
      code: "WELCOME50",
      discountPercent: 50,
      maxUses: 1000,
      maxUsesPerOrg: 1,
      expiresAt: new Date(started.clock.now() + 30 * DAY_MS),
      description: "50% off first month",
    });
    expect(code).toMatchObject({
      ...{ code: "WELCOME50", type: DiscountType.PERCENTAGE, discountPercent: "50", status: "active" },
      ...{ maxUses: 1000, maxUsesPerOrg: 1, eligibleOrgs: [], totalUses: 0 },
    });

    const purchase = { code: "WELCOME50", orgId: "org_123", purchaseAmountCents: 29900 };
    const result = await manager.validateCode({ ...purchase, tier: "professional" });
    expect(result.valid && `Discount: $${result.discountAmountCents / 100}`).toBe("Discount: $149.5");
    expect((await manager.listCodes()).items).toMatchObject([{ code: "WELCOME50", totalUses: 0 }]);

    const applied = await manager.applyCode({ ...purchase, userId: "user_456" });
    expect(applied).toMatchObject({
      ...{ valid: true, errorCode: null, originalAmountCents: 29900, discountAmountCents: 14950 },
      finalAmountCents: 14950,
    });
    const again = await manager.validateCode(purchase);
    expect([again.valid, again.errorCode, again.message]).toEqual([
      ...[false, "MAX_USES_PER_ORG", "this organization has used this code 1 times already"],
    ]);
    expect((await manager.listCodes()).items).toMatchObject([{ totalUses: 1, totalDiscountCents: 14950 }]);
  });

  it("runs the specification's example of a volume discount", async () => {
    const volume = await manager.getVolumeDiscount({ orgId: "org_123" });
    expect(`Current tier: ${volume.currentDiscountPercent}%`).toBe("Current tier: 0%");
    expect(`Cumulative spend: $${volume.cumulativeSpendCents / 100}`).toBe("Cumulative spend: $0");

    const updated = await manager.updateVolumeSpend({ orgId: "org_123", spendCents: 50000_00 });
    expect(`New discount tier: ${updated.currentDiscountPercent}%`).toBe("New discount tier: 10%");
    expect(updated).toEqual({
      ...{ orgId: "org_123", cumulativeSpendCents: 5_000_000, currentDiscountPercent: "10" },
      currentTier: { thresholdCents: 5_000_000, discountPercent: "10" },
      nextTier: { thresholdCents: 10_000_000, discountPercent: "15" },
      untilNextTierCents: 5_000_000,
    });
    const refund = { orgId: "org_123", spendCents: 1, reference: "re_1" };
    expect((await manager.refundVolumeSpend(refund)).currentDiscountPercent).toBe("5");
    expect(await manager.refundVolumeSpend(refund)).toMatchObject({ cumulativeSpendCents: 4_999_999 });
  });

  it("answers a code that is no good with a value, and a call that is wrong with an error", async () => {
    const purchase = { orgId: "org_1", purchaseAmountCents: 1000, reference: "order_1" };
    const apply = (code: string) => manager.applyCode({ ...purchase, code });
    expect(await apply("NOPE")).toEqual({
      ...{ valid: false, code: "NOPE", message: "there is no such code", errorCode: "CODE_NOT_FOUND" },
      ...{ originalAmountCents: 1000, discountAmountCents: 0, finalAmountCents: 1000, redemptionId: null },
    });
    expect(await apply("no code!")).toMatchObject({ valid: false, errorCode: "CODE_INVALID" });
    await manager.createCode({ code: "TEN", discountAmountCents: 10_00, eligibleOrgs: ["org_1"] });
    const first = await apply(" ten ");
    expect(first).toMatchObject({ valid: true, code: "TEN", finalAmountCents: 0 });
    expect(await apply("Ten")).toEqual(first);
    await expect(
      manager.applyCode({ ...purchase, code: "TEN", purchaseAmountCents: 999 }),
    ).rejects.toMatchObject({
      ...{ kind: "conflict", code: "reference_conflict" },
    });
    expect(await manager.disableCode("ten")).toMatchObject({ status: "disabled", eligibleOrgs: ["org_1"] });
    expect(await manager.applyCode({ ...purchase, code: "TEN", reference: "order_2" })).toMatchObject({
      ...{ valid: false, errorCode: "CODE_DISABLED" },
    });

    for (const [call, field] of [
      [() => manager.createCode({ code: "A", discountPercent: 5, maxUsesPerOrg: 0 }), "maxUsesPerOrg"],
      [() => manager.createCode({ code: "A", discountPercent: 5, eligibleOrgs: [""] }), "eligibleOrgs"],
      [() => manager.createCode({ code: "A", discountPercent: 5, max_uses: 1 } as never), "max_uses"],
      [() => manager.applyCode({ ...purchase, code: "A", orgId: "" }), "orgId"],
      [
        () => manager.validateCode({ ...purchase, code: "A", purchaseAmountCents: 1.5 }),
        "purchaseAmountCents",
      ],
      [() => manager.updateVolumeSpend({ spendCents: -1 }), "spendCents"],
    ] as const) {
      await expect(call()).rejects.toMatchObject({ kind: "invalid_input", details: { field } });
    }
  });
});
