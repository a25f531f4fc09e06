import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { OPERATOR, startServices } from "../../../test/identity/services.ts";
import { ENGINES } from "../../../test/support/database.ts";
import { BillingError, DAY_MS } from "../../kernel/index.ts";
import { open, type Store } from "../../store/index.ts";
import { codeAcrossTenants, takeUse } from "./code-store.ts";
import type { StoredCode } from "./discount.ts";
import { discountsOver, START, startDiscounts } from "./fixtures.ts";
import type { NewCode } from "./index.ts";

const T0 = Date.parse(START);
const HOUR_MS = 3_600_000;
const TABLES = ["codes", "code_uses", "redemptions", "volumes", "volume_entries"].map(
  (name) => `discount_${name}`,
);

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof BillingError) return error.code;
    throw error;
  }
  return "none";
}

describe.each(ENGINES)("discount codes on $name", ({ freshUrl }) => {
  let store: Store;

  beforeAll(async () => {
    store = await open(await freshUrl());
  });

  afterAll(() => store.close());

  /** With no code yet: codes are the installation's, and a database for each test takes its time. */
  async function start() {
    await store.transaction(async (tx) => {
      for (const table of TABLES) await tx.run(`DELETE FROM ${table}`);
    });
    const started = discountsOver(store);
    onTestFinished(async () => expect(await started.differences()).toEqual([]));
    return started;
  }

  it("are one code in any case and with blanks around, with terms that never change", async () => {
    const { discounts } = await start();
    const terms: NewCode = { code: " Spring-26 ", discountPercent: "12.50", maxUses: 5, expiresAt: START };
    const made = await discounts.createCode({ ...terms, expiresAt: "2026-01-15T14:00:00+01:00" });
    expect(made).toEqual({
      ...{ code: "SPRING-26", type: "percentage", discountPercent: "12.5", discountAmountCents: null },
      ...{ maxUses: 5, maxUsesPerOrganization: 1, minPurchaseCents: 0, eligibleTiers: [] },
      ...{ eligibleOrganizations: [], validFrom: null, expiresAt: new Date(T0 + HOUR_MS), description: "" },
      ...{ status: "active", totalUses: 0, totalDiscountCents: 0, createdAt: new Date(T0) },
    });
    const sameTerms = { ...terms, code: "SPRING-26", expiresAt: new Date(T0 + HOUR_MS) };
    expect(await discounts.createCode({ ...sameTerms, type: "percentage" })).toEqual(made);
    expect(await codeOf(discounts.createCode({ ...sameTerms, maxUses: 6 }))).toBe("code_exists");
    expect(await codeOf(discounts.createCode({ ...sameTerms, discountPercent: 13 }))).toBe("code_exists");
    await discounts.apply({ code: "spring-26", purchaseAmountCents: 1000 });
    expect(await codeOf(discounts.createCode({ ...sameTerms, description: "x" }))).toBe("code_exists");
    expect(await discounts.getCode("spring-26")).toMatchObject({ totalUses: 1, totalDiscountCents: 125 });
    expect(await codeOf(discounts.getCode("autumn"))).toBe("code_not_found");
    expect(await codeOf(discounts.disableCode("autumn"))).toBe("code_not_found");
  });

  it("are listed by name, page by page", async () => {
    const { discounts } = await start();
    for (const code of ["c", "A", "b"]) await discounts.createCode({ code, discountPercent: 5 });
    const first = await discounts.listCodes({ limit: 2 });
    const second = await discounts.listCodes({ limit: 2, cursor: first.nextCursor ?? "" });
    expect([...first.items, ...second.items].map(({ code }) => code)).toEqual(["A", "B", "C"]);
    expect(second.nextCursor).toBeNull();
  });

  it("are valid from their first instant up to, but not at, their end", async () => {
    const { discounts, clock } = await start();
    const window = { validFrom: new Date(T0 + 10), expiresAt: new Date(T0 + 20) };
    await discounts.createCode({ code: "A", discountPercent: 10, maxUsesPerOrganization: 9, ...window });
    const at = async (ms: number) => {
      clock.set(T0 + ms);
      const { valid, reason } = await discounts.validate({ code: "a", purchaseAmountCents: 100 });
      const applied = await codeOf(discounts.apply({ code: "a", purchaseAmountCents: 100 }));
      expect(applied).toBe(reason ?? "none");
      return [valid, reason, (await discounts.getCode("A")).status];
    };
    expect(await at(9)).toEqual([false, "code_not_yet_active", "scheduled"]);
    expect(await at(10)).toEqual([true, null, "active"]);
    expect(await at(19)).toEqual([true, null, "active"]);
    expect(await at(20)).toEqual([false, "code_expired", "expired"]);
  });

  it("tell why they cannot be used, the first reason first, and lose no use by it", async () => {
    const { discounts } = await start();
    const use = { purchaseAmountCents: 1000, tier: "starter" as const };
    const reasons = async (code: string, over: object = {}) => {
      const { reason, valid, discountAmountCents } = await discounts.validate({ ...use, code, ...over });
      expect([valid, discountAmountCents > 0]).toEqual([reason === null, reason === null]);
      if (reason !== null) expect(await codeOf(discounts.apply({ ...use, code, ...over }))).toBe(reason);
      return reason;
    };
    const create = (code: string, terms: Partial<NewCode> = {}) =>
      discounts.createCode({ code, discountPercent: 10, ...terms });
    expect(await reasons("nothing")).toBe("code_not_found");
    expect(await reasons("not a code")).toBe("code_invalid");
    await create("ORGS", { eligibleOrganizations: ["other", "third"], minPurchaseCents: 9_999 });
    expect(await reasons("orgs")).toBe("org_not_eligible");
    expect(await reasons("orgs", { tenant: "other", purchaseAmountCents: 9_999 })).toBeNull();
    await create("TIERS", { eligibleTiers: ["professional", "enterprise"], minPurchaseCents: 9_999 });
    expect(await reasons("tiers")).toBe("tier_not_eligible");
    expect(await reasons("tiers", { tier: undefined })).toBe("tier_not_eligible");
    expect(await reasons("tiers", { tier: "enterprise" })).toBe("min_purchase_not_met");
    await create("MIN", { minPurchaseCents: 1_000 });
    expect(await reasons("min", { purchaseAmountCents: 999 })).toBe("min_purchase_not_met");
    expect(await reasons("min")).toBeNull();
    await create("ONCE", { maxUses: 2 });
    await discounts.apply({ ...use, code: "once" });
    expect(await reasons("once", { purchaseAmountCents: 1 })).toBe("max_uses_per_org");
    await discounts.apply({ ...use, code: "once", tenant: "other" });
    expect(await reasons("once", { tenant: "third" })).toBe("code_exhausted");
    expect((await discounts.getCode("once")).status).toBe("exhausted");
    await discounts.disableCode("once");
    expect(await reasons("once", { tenant: "third" })).toBe("code_disabled");
    await create("TINY", { discountPercent: "0.01" });
    expect(await reasons("tiny")).toBe("no_discount");
    const { items } = await discounts.listCodes();
    expect(items.map(({ code, totalUses }) => `${code} ${totalUses}`)).toEqual([
      ...["MIN 0", "ONCE 2", "ORGS 0", "TIERS 0", "TINY 0"],
    ]);
  });

  it("take the tier of an organization that is on record, whatever the caller says", async () => {
    const services = await startServices(await freshUrl());
    const { discounts } = discountsOver(services.store);
    await discounts.createCode({ code: "PRO", discountPercent: 10, eligibleTiers: ["professional"] });
    const org = await services.organizations.createOrganization(
      { kind: "user", id: "ada" },
      { name: "Acme" },
    );
    const use = { tenant: org.id, code: "pro", purchaseAmountCents: 1000 };
    expect(await codeOf(discounts.apply({ ...use, tier: "professional" }))).toBe("tier_not_eligible");
    await services.organizations.setTier(OPERATOR, org.id, "professional");
    expect(await discounts.apply({ ...use, tier: "free" })).toMatchObject({ discountAmountCents: 100 });
  });

  it("are used once per code, organization and reference, and a retry has the first result for ever", async () => {
    const { discounts, clock } = await start();
    await discounts.createCode({ code: "A", discountPercent: 25, maxUsesPerOrganization: 9, maxUses: 3 });
    const use = { code: "a", purchaseAmountCents: 333, reference: "order_1", userId: "ada" };
    const first = await discounts.apply(use);
    expect(first).toEqual({
      ...{ id: first.id, tenant: "acme", reference: "order_1", code: "A", userId: "ada", state: "confirmed" },
      ...{ purchaseAmountCents: 333, discountAmountCents: 83, finalAmountCents: 250, discountPercent: "25" },
      ...{ createdAt: new Date(T0), expiresAt: null },
    });
    expect((await discounts.apply({ ...use, tenant: "other" })).id).not.toBe(first.id);
    expect((await discounts.apply({ ...use, reference: "order_2" })).id).not.toBe(first.id);
    await discounts.disableCode("A");
    clock.advance(DAY_MS);
    expect(await discounts.apply(use)).toEqual(first);
    expect(await discounts.reserve(use)).toEqual(first);
    expect(await discounts.confirm({ redemptionId: first.id })).toEqual(first);
    expect(
      await discounts.validate({ code: "A", purchaseAmountCents: 333, reference: "order_1" }),
    ).toMatchObject({ valid: true, discountAmountCents: 83 });
    expect(await codeOf(discounts.apply({ ...use, purchaseAmountCents: 334 }))).toBe("reference_conflict");
    expect(await codeOf(discounts.confirm({ redemptionId: first.id, tenant: "other" }))).toBe(
      "redemption_not_found",
    );
    expect((await discounts.getCode("A")).totalUses).toBe(3);
  });

  it("stack on one purchase: each takes its part of what is left, percentages before amounts", async () => {
    const { discounts } = await start();
    for (const code of ["HALF", "HALF2", "HALF3"]) await discounts.createCode({ code, discountPercent: 50 });
    for (const code of ["TEN", "TEN2"]) await discounts.createCode({ code, discountAmountCents: 1000 });
    await discounts.createCode({ code: "BIG", discountPercent: 50, minPurchaseCents: 5_000 });
    const on = { purchaseAmountCents: 5_000, reference: "cart" };
    const left: number[] = [];
    for (const code of ["HALF", "HALF2", "BIG", "TEN"])
      left.push((await discounts.apply({ ...on, code })).finalAmountCents);
    // 50 % and 50 % are 75 %. The minimum is of the whole purchase; an amount takes no more than there is.
    expect(left).toEqual([2_500, 1_250, 625, 0]);
    expect((await discounts.validate({ ...on, code: "TEN2" })).reason).toBe("no_discount");
    expect(await codeOf(discounts.apply({ ...on, code: "HALF3" }))).toBe("stacking_order");
    expect(await codeOf(discounts.apply({ ...on, code: "TEN2", purchaseAmountCents: 6_000 }))).toBe(
      "reference_conflict",
    );
    expect(await discounts.apply({ ...on, code: "HALF3", tenant: "other" })).toMatchObject({
      finalAmountCents: 2_500,
    });
  });

  it("are reserved at checkout, and released when it fails: the use is there again, once", async () => {
    const { discounts, clock } = await start();
    await discounts.createCode({ code: "A", discountPercent: 10, maxUses: 1 });
    const use = { code: "A", purchaseAmountCents: 500, reference: "try_1" };
    const held = await discounts.reserve(use);
    expect(held).toMatchObject({ state: "reserved", expiresAt: new Date(T0 + 30 * 60_000) });
    clock.advance(1);
    expect(await discounts.reserve(use)).toEqual(held);
    const other = { ...use, tenant: "other" };
    expect(await codeOf(discounts.apply(other))).toBe("code_exhausted");
    const key = { redemptionId: held.id };
    const released = await discounts.release(key);
    expect(released).toMatchObject({ id: held.id, state: "released", expiresAt: null });
    expect(await discounts.release(key)).toEqual(released);
    expect(await discounts.getCode("A")).toMatchObject({ totalUses: 0, totalDiscountCents: 0 });
    // A late retry of what was given back takes nothing.
    expect(await codeOf(discounts.reserve(use))).toBe("redemption_ended");
    expect((await discounts.validate(use)).reason).toBe("redemption_ended");
    expect(await codeOf(discounts.confirm(key))).toBe("redemption_released");
    const second = await discounts.reserve({ ...use, reference: "try_2" });
    expect(await discounts.confirm({ redemptionId: second.id })).toMatchObject({ state: "confirmed" });
    expect(await codeOf(discounts.release({ redemptionId: second.id }))).toBe("redemption_confirmed");
    expect(await codeOf(discounts.apply(other))).toBe("code_exhausted");
  });

  it("are confirmed by their use, also when they were disabled or have ended since they were reserved", async () => {
    const { discounts, clock } = await start();
    const expiresAt = new Date(T0 + HOUR_MS);
    await discounts.createCode({ code: "A", discountPercent: 10, maxUsesPerOrganization: 2, expiresAt });
    const use = { code: "A", purchaseAmountCents: 500, ttlMs: 2 * HOUR_MS };
    const first = await discounts.reserve({ ...use, reference: "one" });
    const second = await discounts.reserve({ ...use, reference: "two" });
    await discounts.disableCode("A");
    clock.set(expiresAt.getTime());
    const { ttlMs: _, ...paid } = use;
    expect(await discounts.apply({ ...paid, reference: "one" })).toMatchObject({
      ...{ id: first.id, state: "confirmed" },
    });
    expect(await discounts.confirm({ redemptionId: second.id })).toMatchObject({ state: "confirmed" });
    expect((await discounts.getCode("A")).totalUses).toBe(2);
  });

  it("free the room of reservations at their very end, for whoever needs it first, or by the job", async () => {
    const { discounts, clock, store } = await start();
    await discounts.createCode({ code: "A", discountPercent: 10, maxUses: 2, maxUsesPerOrganization: 1 });
    const use = { code: "A", purchaseAmountCents: 500, ttlMs: 100 };
    const held = await discounts.reserve({ ...use, reference: "one" });
    await discounts.reserve({ ...use, tenant: "b", reference: "one" });
    const { ttlMs: _, ...paid } = use;
    clock.advance(99);
    expect(await codeOf(discounts.apply({ ...paid, tenant: "c" }))).toBe("code_exhausted");
    expect(await discounts.expiry.hasWork(clock.now())).toBe(false);
    clock.advance(1);
    expect(await discounts.getCode("A")).toMatchObject({ totalUses: 0, totalDiscountCents: 0 });
    expect(await codeOf(discounts.apply({ ...paid, reference: "one" }))).toBe("redemption_ended");
    expect(await discounts.validate({ ...paid, reference: "two" })).toMatchObject({ valid: true });
    await discounts.apply({ ...paid, reference: "two" });
    expect(await discounts.expireDue()).toBe(0);
    await discounts.reserve({ ...use, tenant: "c", reference: "one" });
    clock.advance(100);
    expect(await discounts.expiry.hasWork(clock.now())).toBe(true);
    expect([await discounts.expiry.runDue(), await discounts.expireDue()]).toEqual([1, 0]);
    expect(await discounts.release({ redemptionId: held.id })).toMatchObject({ state: "expired" });
    expect((await discounts.getCode("A")).totalUses).toBe(1);
    const rows = await store.read((reader) =>
      reader.all("SELECT tenant FROM discount_redemptions WHERE state = 'expired'"),
    );
    expect(rows).toHaveLength(3);
  });

  it("are confirmed after their end where there is room, and refused where others have it", async () => {
    const { discounts, clock } = await start();
    await discounts.createCode({ code: "A", discountPercent: 100, maxUses: 2, maxUsesPerOrganization: 2 });
    await discounts.createCode({ code: "B", discountAmountCents: 400, maxUsesPerOrganization: 2 });
    const use = { code: "A", purchaseAmountCents: 500, ttlMs: 100 };
    const one = await discounts.reserve({ ...use, reference: "one" });
    const two = await discounts.reserve({ ...use, tenant: "b", reference: "two" });
    clock.advance(100);
    // Not swept, or swept: the same.
    expect(await discounts.confirm({ redemptionId: one.id })).toMatchObject({ state: "confirmed" });
    await discounts.apply({ code: "A", purchaseAmountCents: 500, tenant: "c" });
    expect(await codeOf(discounts.confirm({ redemptionId: two.id, tenant: "b" }))).toBe("room_taken");
    expect((await discounts.getCode("A")).totalUses).toBe(2);
    // Of the purchase, too: another code has taken it meanwhile.
    await discounts.createCode({ code: "C", discountPercent: 50 });
    const late = await discounts.reserve({ ...use, code: "C", reference: "cart" });
    clock.advance(100);
    await discounts.apply({ code: "B", purchaseAmountCents: 500, reference: "cart" });
    expect(await codeOf(discounts.confirm({ redemptionId: late.id }))).toBe("room_taken");
    expect((await discounts.getCode("C")).totalUses).toBe(0);
    // Or its amount is another one by now.
    await discounts.createCode({ code: "D", discountAmountCents: 1 });
    const small = await discounts.reserve({ ...use, code: "D", reference: "changed" });
    clock.advance(100);
    await discounts.apply({ code: "B", purchaseAmountCents: 900, reference: "changed", tenant: "acme" });
    expect(await codeOf(discounts.confirm({ redemptionId: small.id }))).toBe("room_taken");
  });

  it("stack on what is final, and never on what was given back", async () => {
    const { discounts, clock } = await start();
    for (const code of ["HALF", "HALF2", "HALF3"]) await discounts.createCode({ code, discountPercent: 50 });
    await discounts.createCode({ code: "TEN", discountAmountCents: 1_000 });
    const use = (code: string, reference: string) => ({ code, purchaseAmountCents: 10_000, reference });
    const reserve = (code: string, reference: string) =>
      discounts.reserve({ ...use(code, reference), ttlMs: 1_000 });
    const confirm = ({ id }: { id: string }) => discounts.confirm({ redemptionId: id });
    // Nothing final is a part of what a reservation leaves: neither used at once, nor confirmed before it.
    const [half, ten] = [await reserve("HALF", "one"), await reserve("TEN", "one")];
    expect(await codeOf(discounts.apply(use("HALF2", "one")))).toBe("stacking_order");
    expect(await codeOf(confirm(ten))).toBe("confirm_in_order");
    expect((await confirm(half)).finalAmountCents).toBe(5_000);
    expect((await confirm(ten)).finalAmountCents).toBe(4_000);
    // What it leaned on is gone.
    const [base, upper] = [await reserve("HALF2", "two"), await reserve("HALF3", "two")];
    expect(await codeOf(discounts.apply(use("TEN", "two")))).toBe("max_uses_per_org");
    await discounts.release({ redemptionId: base.id });
    expect(await codeOf(confirm(upper))).toBe("base_moved");
    expect((await discounts.apply({ ...use("HALF3", "two") }).catch(() => undefined)) ?? null).toBeNull();
    await discounts.release({ redemptionId: upper.id });
    // Late, another code has taken its part of the whole: 50 % and 50 % are never 100 %.
    const late = await reserve("HALF2", "three");
    clock.advance(1_000);
    expect((await discounts.apply(use("HALF3", "three"))).discountAmountCents).toBe(5_000);
    expect(await codeOf(confirm(late))).toBe("room_taken");
    // Late, but in order: both.
    await discounts.createCode({ code: "A", discountPercent: 50 });
    await discounts.createCode({ code: "B", discountPercent: 50 });
    const both = [await reserve("A", "four"), await reserve("B", "four")];
    clock.advance(1_000);
    for (const one of both) await confirm(one);
    expect((await discounts.getCode("B")).totalDiscountCents).toBe(2_500);
  });

  it("count no use beyond a limit by the very statement that counts, whatever was decided before", async () => {
    const { discounts } = await start();
    const limits = [
      { code: "ALL", maxUses: 1, maxUsesPerOrganization: 5 },
      { code: "OWN", maxUses: 5, maxUsesPerOrganization: 1 },
    ];
    for (const { code, ...limit } of limits) {
      await discounts.createCode({ code, discountPercent: 10, ...limit });
      await discounts.apply({ code, purchaseAmountCents: 500 });
      const isTaken = await store
        .transaction(async (tx) => {
          const stored = (await codeAcrossTenants(code, tx)) as StoredCode;
          throw new Error(String(await takeUse("acme", stored, 50n, tx)));
        })
        .catch(({ message }: Error) => message);
      expect(isTaken, code).toBe("false");
    }
  });

  it("leave nothing behind where they are refused in the middle of a caller's own transaction", async () => {
    const { discounts, volumeDiscounts, store } = await start();
    await discounts.createCode({ code: "A", discountPercent: 10, maxUses: 1 });
    const use = { code: "A", purchaseAmountCents: 500 };
    await store.atomically(async () => {
      await discounts.apply({ ...use, reference: "one" });
      expect(await codeOf(discounts.apply({ ...use, reference: "two" }))).toBe("code_exhausted");
      expect(await codeOf(volumeDiscounts.recordRefund({ amountCents: 1, reference: "r" }))).toBe(
        "refund_too_large",
      );
    });
    expect((await discounts.getCode("A")).totalUses).toBe(1);
    expect(await volumeDiscounts.recordPurchase({ amountCents: 1, reference: "r" })).toMatchObject({
      cumulativeSpendCents: 1,
    });
  });

  it("of the type volume take the percentage of the tier that was reached before", async () => {
    const { discounts, volumeDiscounts } = await start();
    await discounts.createCode({ code: "LOYAL", type: "volume", maxUsesPerOrganization: "unlimited" });
    const use = { code: "loyal", purchaseAmountCents: 10_001 };
    expect(await codeOf(discounts.apply(use))).toBe("no_discount");
    await volumeDiscounts.recordPurchase({ amountCents: 1_000_000 });
    expect(await discounts.apply(use)).toMatchObject({ discountAmountCents: 500, discountPercent: "5" });
    await volumeDiscounts.recordPurchase({ amountCents: 49_000_000 });
    expect(await discounts.apply(use)).toMatchObject({ discountAmountCents: 2_000, discountPercent: "20" });
  });
});

describe.each(ENGINES)("volume discounts on $name", ({ freshUrl }) => {
  it("price a purchase at the tier before it, reach a tier at its threshold and fall by refunds, each once", async () => {
    const { volumeDiscounts: volume, differences, store } = await startDiscounts(await freshUrl());
    expect(await volume.get()).toEqual({
      ...{ tenant: "acme", cumulativeSpendCents: 0, currentDiscountPercent: "0", currentTier: null },
      nextTier: { thresholdCents: 1_000_000, discountPercent: "5" },
      untilNextTierCents: 1_000_000,
    });
    const large = { amountCents: 4_999_999, reference: "inv_1" };
    const first = await volume.recordPurchase(large);
    expect(first).toMatchObject({ percentBefore: "0", currentDiscountPercent: "5", untilNextTierCents: 1 });
    expect(await volume.recordPurchase({ amountCents: 1, reference: "inv_2" })).toMatchObject({
      ...{ percentBefore: "5", currentDiscountPercent: "10", cumulativeSpendCents: 5_000_000 },
    });
    expect(await volume.recordPurchase(large)).toEqual(first);
    expect(await codeOf(volume.recordPurchase({ ...large, amountCents: 5 }))).toBe("reference_conflict");
    // The references of refunds are their own.
    const refund = { amountCents: 4_000_001, reference: "inv_1" };
    const fallen = await volume.recordRefund(refund);
    expect(fallen).toMatchObject({ percentBefore: "10", currentDiscountPercent: "0", kind: "refund" });
    expect(await volume.recordRefund(refund)).toEqual(fallen);
    expect(await codeOf(volume.recordRefund({ amountCents: 1_000_000 }))).toBe("refund_too_large");
    expect(await volume.get()).toMatchObject({ cumulativeSpendCents: 999_999 });
    expect(await volume.get("other")).toMatchObject({ cumulativeSpendCents: 0 });
    const top = await volume.recordPurchase({ amountCents: 100_000_000 });
    expect(top).toMatchObject({ percentBefore: "0", currentDiscountPercent: "20", nextTier: null });
    expect(top.untilNextTierCents).toBeNull();
    for (const amountCents of [0, -5, 1.5, Number.NaN, 100_000_000_001])
      expect(["not_whole", "out_of_range"]).toContain(await codeOf(volume.recordPurchase({ amountCents })));
    expect(await differences()).toEqual([]);
    await store.close();
  });
});
