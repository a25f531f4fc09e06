import { describe, expect, it } from "vitest";
import { ENGINES } from "../support/database.ts";
import { type Server, startServer } from "./server.ts";

const AT = "2026-01-15T12:00:00.000Z";
const DUAL = ENGINES.filter(({ name }) => name !== "sqlite");
const CODES = "/v1/discount-codes";

async function world(url: string) {
  const server = await startServer(url);
  const key = await server.organization("acme");
  const make = (body: object) => server.ok(server.operator, "POST", CODES, { body });
  const use = (step: string, body: object, once?: string) =>
    server.call(key, "POST", `${CODES}/${step}`, { body, ...(once !== undefined && { once }) });
  return { ...server, key, make, use };
}

/** Codes that acme may not use, by the reason, each with terms that are nobody else's business. */
async function makeForeign({ ok, operator }: Server): Promise<Record<string, string>> {
  const secret = { discountPercent: "73.5", description: "for Globex alone" };
  const codes: Record<string, object> = {
    org_not_eligible: { eligibleOrganizations: ["globex"] },
    tier_not_eligible: { eligibleTiers: ["enterprise_plus"] },
    min_purchase_not_met: { minPurchaseCents: 777_777 },
    code_expired: { expiresAt: "2025-07-17T07:07:07Z" },
    code_not_yet_active: { validFrom: "2027-07-17T07:07:07Z" },
    code_disabled: {},
  };
  const made = Object.entries(codes).map(async ([reason, terms]) => {
    const code = reason.replaceAll("_", "-");
    await ok(operator, "POST", CODES, { body: { code, ...secret, ...terms } });
    return [reason, code] as const;
  });
  const all = Object.fromEntries(await Promise.all(made));
  await ok(operator, "POST", `${CODES}/code-disabled/disable`);
  return { ...all, code_not_found: "NOBODYS", code_invalid: "no code!" };
}

describe.each(DUAL)("discounts over HTTP on $name", ({ freshUrl }) => {
  it("are made by operators, used by tenants, once per reference, and disabled", async () => {
    const { ok, call, operator, key, make, use } = await world(await freshUrl());
    const terms = { code: " Half-off ", discountPercent: 50.5, maxUses: 2, maxUsesPerOrganization: 2 };
    const made = await make({ ...terms, minPurchaseCents: 100, expiresAt: "2027-01-01" });
    const shown = {
      ...{ code: "HALF-OFF", type: "percentage", discountPercent: "50.5", discountAmountCents: null },
      ...{ maxUses: 2, maxUsesPerOrganization: 2, minPurchaseCents: 100 },
      ...{ eligibleTiers: [], eligibleOrganizations: [], validFrom: null, description: "" },
      ...{ expiresAt: "2027-01-01T00:00:00.000Z", status: "active" },
      ...{ totalUses: 0, totalDiscountCents: 0, createdAt: AT },
    };
    expect(made).toEqual(shown);
    const purchase = { code: "half-off", purchaseAmountCents: 1_001 };
    const amounts = { purchaseAmountCents: 1_001, discountAmountCents: 506, finalAmountCents: 495 };
    expect((await use("validate", purchase)).json).toEqual({
      ...{ valid: true, code: "HALF-OFF", reason: null, message: "this code is valid" },
      ...{ ...amounts, discountPercent: "50.5" },
    });
    const order = { ...purchase, reference: "order_1", userId: "u_1" };
    const [used, again] = [await use("apply", order), await use("apply", order)];
    expect(used.json).toEqual({
      id: expect.stringMatching(/^red_/),
      ...{ tenant: "acme", reference: "order_1", code: "HALF-OFF", userId: "u_1", state: "confirmed" },
      ...{ ...amounts, discountPercent: "50.5", createdAt: AT, expiresAt: null },
    });
    expect(again.json).toEqual(used.json);
    const other = await use("apply", { ...order, purchaseAmountCents: 1_002 });
    expect(other.json).toMatchObject({ status: 409, code: "reference_conflict" });
    expect(await ok(operator, "GET", `${CODES}/half-OFF`)).toEqual({
      ...{ ...shown, totalUses: 1, totalDiscountCents: 506 },
    });
    const reserved = await use("reserve", { ...purchase, ttlMs: 1_000 });
    expect(reserved.json).toMatchObject({ state: "reserved", expiresAt: "2026-01-15T12:00:01.000Z" });
    const over = await use("apply", purchase);
    expect(over.json).toMatchObject({ status: 402, code: "code_exhausted", field: "code" });
    const redemption = { redemptionId: reserved.json.id };
    expect((await use("release", redemption)).json.state).toBe("released");
    expect((await use("confirm", redemption)).json).toMatchObject({
      ...{ status: 412, code: "redemption_released" },
    });
    const second = await use("reserve", { ...purchase, reference: "order_2" });
    const kept = await use("confirm", { redemptionId: second.json.id });
    expect(kept.json).toMatchObject({ state: "confirmed", expiresAt: null });
    expect((await ok(operator, "POST", `${CODES}/half-off/disable`)).status).toBe("disabled");
    const conflict = await call(operator, "POST", CODES, { body: { code: "HALF-OFF", type: "volume" } });
    expect(conflict.json).toMatchObject({ status: 409, code: "code_exists", field: "code" });
    await make({ code: "ANOTHER", type: "volume" });
    const page = await ok(operator, "GET", `${CODES}?limit=1`);
    expect(page).toMatchObject({ items: [{ code: "ANOTHER" }], nextCursor: expect.any(String) });
    const rest = await ok(operator, "GET", `${CODES}?cursor=${page.nextCursor}`);
    expect(rest).toMatchObject({ items: [{ code: "HALF-OFF" }], nextCursor: null });
    expect((await call(key, "GET", `${CODES}/half-off`)).json.code).toBe("operator_only");
  });

  it("tell a tenant why not, and no term of a code that it may not use", async () => {
    const server = await world(await freshUrl());
    const foreign = await makeForeign(server);
    for (const [reason, code] of Object.entries(foreign)) {
      const check = await server.use("validate", { code, purchaseAmountCents: 500 });
      expect(check.json).toMatchObject({
        valid: false,
        reason,
        discountAmountCents: 0,
        discountPercent: null,
      });
      const refusals = [
        await server.use("apply", { code, purchaseAmountCents: 500 }),
        await server.use("reserve", { code, purchaseAmountCents: 500 }),
      ];
      for (const { json } of refusals) expect(json).toMatchObject({ code: reason, field: "code" });
      for (const { json } of [check, ...refusals]) {
        // A request's id is random: it may hold any two digits.
        const said = JSON.stringify({ ...json, requestId: "" });
        expect(said, reason).not.toMatch(/globex|enterprise|7777|\b2025|2027|73/i);
      }
    }
  });

  it("take a tier and a tenant from nobody: what is on record counts", async () => {
    const { use } = await world(await freshUrl());
    for (const field of ["tier", "tenant"]) {
      const body = { code: "X", purchaseAmountCents: 500, [field]: "enterprise_plus" };
      for (const step of ["validate", "apply", "reserve"]) {
        expect((await use(step, body)).json, step).toMatchObject({ code: "unknown_field", field });
      }
    }
  });

  it("know a use again by its idempotency key, after the stored answer is gone", async () => {
    const { make, use, store, ok, operator } = await world(await freshUrl());
    await make({ code: "ONE", discountAmountCents: 300, maxUsesPerOrganization: "unlimited" });
    const first = await use("apply", { code: "ONE", purchaseAmountCents: 500 }, "checkout-1");
    await store.transaction((tx) => tx.run("DELETE FROM request_replies"));
    const again = await use("apply", { code: "ONE", purchaseAmountCents: 500 }, "checkout-1");
    expect(again.json).toEqual(first.json);
    expect((await ok(operator, "GET", `${CODES}/one`)).totalUses).toBe(1);
  });
});

describe.each(DUAL)("volume discounts over HTTP on $name", ({ freshUrl }) => {
  it("are seen by the tenant and counted by operators: a purchase is priced at the tier before it", async () => {
    const { ok, call, operator, key } = await world(await freshUrl());
    const path = "/v1/volume-discount";
    const five = { thresholdCents: 1_000_000, discountPercent: "5" };
    const ten = { thresholdCents: 5_000_000, discountPercent: "10" };
    const none = { tenant: "acme", cumulativeSpendCents: 0, currentDiscountPercent: "0", currentTier: null };
    expect(await ok(key, "GET", path)).toEqual({ ...none, nextTier: five, untilNextTierCents: 1_000_000 });
    const spend = (body: object) => call(operator, "POST", `${path}/spend`, { body, tenant: "acme" });
    const bought = { amountCents: 1_000_000, reference: "inv_1" };
    const reached = {
      ...{ tenant: "acme", cumulativeSpendCents: 1_000_000, currentDiscountPercent: "5" },
      ...{ currentTier: five, nextTier: ten, untilNextTierCents: 4_000_000 },
    };
    const change = {
      kind: "purchase",
      reference: "inv_1",
      amountCents: 1_000_000,
      percentBefore: "0",
      at: AT,
    };
    for (const _ of ["first", "again"]) expect((await spend(bought)).json).toEqual({ ...reached, ...change });
    expect(await ok(key, "GET", path)).toEqual(reached);
    const refund = { amountCents: 1, kind: "refund", reference: "re_1" };
    expect((await spend(refund)).json).toMatchObject({
      ...{ kind: "refund", percentBefore: "5", currentDiscountPercent: "0", cumulativeSpendCents: 999_999 },
    });
    const beyond = await spend({ amountCents: 1_000_000, kind: "refund" });
    expect(beyond.json).toMatchObject({ status: 412, code: "refund_too_large", field: "amountCents" });
    const own = await call(key, "POST", `${path}/spend`, { body: bought });
    expect(own.json).toMatchObject({ status: 403, code: "operator_only" });
  });
});
