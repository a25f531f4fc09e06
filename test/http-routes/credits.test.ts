import { describe, expect, it } from "vitest";
import { ENGINES } from "../support/database.ts";
import { startServer } from "./server.ts";

const AT = "2026-01-15T12:00:00.000Z";
const DUAL = ENGINES.filter(({ name }) => name !== "sqlite");

describe.each(DUAL)("credits over HTTP on $name", ({ freshUrl }) => {
  it("are issued by operators, spent by tenants, corrected and given back, in whole cents", async () => {
    const { ok, operator, organization, clock } = await startServer(await freshUrl());
    const key = await organization("acme");
    const grant = (body: object) => ok(operator, "POST", "/v1/credits/issue", { body, tenant: "acme" });
    const bonus = await grant({ amountCents: 1_000, type: "promotional", expiresInDays: 10 });
    expect(bonus).toEqual({
      id: expect.stringMatching(/^cred_/),
      ...{ tenant: "acme", type: "promotional", amountCents: 1_000, balanceCents: 1_000, description: "" },
      ...{ reference: null, actor: expect.stringMatching(/^operator key_/), at: AT, relatesTo: null },
      expiresAt: "2026-01-25T12:00:00.000Z",
      lots: [{ lotId: bonus.id, amountCents: 1_000 }],
    });
    const bought = await grant({ amountCents: 2_000, type: "purchase", reference: "pay_1" });
    await grant({ amountCents: 70, type: "refund", expiresAt: "2026-12-31" });
    const taken = await ok(key, "POST", "/v1/credits/deduct", {
      body: { amountCents: 1_500, reference: "inv_1" },
    });
    expect(taken).toEqual({
      transactionId: expect.stringMatching(/^cred_/),
      ...{ tenant: "acme", amountDeductedCents: 1_500, remainingAmountCents: 0, balanceCents: 1_570 },
      lots: [
        { lotId: bonus.id, amountCents: 1_000 },
        { lotId: expect.any(String), amountCents: 70 },
        { lotId: bought.id, amountCents: 430 },
      ],
    });
    const reverse = { transactionId: taken.transactionId, amountCents: 600 };
    const back = await ok(operator, "POST", "/v1/credits/reverse", { body: reverse, tenant: "acme" });
    expect(back).toMatchObject({ type: "usage", amountCents: 600, relatesTo: taken.transactionId });
    const adjust = { amountCents: -40, description: "counted twice" };
    const adjusted = await ok(operator, "POST", "/v1/credits/adjust", { body: adjust, tenant: "acme" });
    expect(adjusted).toMatchObject({ type: "adjustment", amountCents: -40, balanceCents: 2_130 });
    expect(await ok(key, "GET", "/v1/credits")).toEqual({
      ...{ tenant: "acme", currency: "USD", balanceCents: 2_130 },
      ...{ promotionalCents: 60, purchasedCents: 2_000, otherCents: 70 },
      expiringSoon: [
        {
          ...{ id: bonus.id, type: "promotional", grantedCents: 1_000, remainingCents: 60 },
          expiresAt: "2026-01-25T12:00:00.000Z",
        },
      ],
      totals: { issuedCents: 3_070, adjustedCents: -40, usedCents: 900, expiredCents: 0, voidedCents: 0 },
    });
    expect((await ok(key, "GET", "/v1/credits?withinDays=365")).expiringSoon).toHaveLength(2);
    const voided = { lotId: bought.id, description: "refunded" };
    const gone = await ok(operator, "POST", "/v1/credits/void", { body: voided, tenant: "acme" });
    expect(gone).toMatchObject({ amountCents: -2_000, balanceCents: 130 });
    clock.advance(10 * 86_400_000);
    expect(await ok(key, "GET", "/v1/credits")).toMatchObject({
      ...{ balanceCents: 70, promotionalCents: 0, purchasedCents: 0, otherCents: 70, expiringSoon: [] },
      totals: { expiredCents: 60, voidedCents: 2_000 },
    });
    const first = await ok(key, "GET", "/v1/credits/transactions?limit=2");
    expect(first.items.map(({ id }: { id: string }) => id)).toEqual([gone.id, adjusted.id]);
    const next = `/v1/credits/transactions?limit=500&cursor=${first.nextCursor}`;
    expect((await ok(key, "GET", next)).items).toHaveLength(5);
  });

  it("are never spent twice nor beyond what is there, and a request is known after its answer is gone", async () => {
    const { ok, call, operator, organization, store } = await startServer(await freshUrl());
    const key = await organization("acme");
    const issue = { amountCents: 100, type: "referral" };
    await ok(operator, "POST", "/v1/credits/issue", { body: issue, tenant: "acme" });
    const deduct = (body: object, once?: string) =>
      call(key, "POST", "/v1/credits/deduct", { body, ...(once !== undefined && { once }) });
    const all = { amountCents: 101, allowPartial: false };
    expect((await deduct(all)).json).toMatchObject({ status: 402, code: "insufficient_credits" });
    const first = await deduct({ amountCents: 150 }, "inv-1");
    expect(first.json).toMatchObject({ amountDeductedCents: 100, remainingAmountCents: 50 });
    await ok(operator, "POST", "/v1/credits/issue", { body: issue, tenant: "acme" });
    await store.transaction((tx) => tx.run("DELETE FROM request_replies"));
    expect((await deduct({ amountCents: 150 }, "inv-1")).json).toEqual(first.json);
    const [other, own] = [
      { amountCents: 1, reference: "a" },
      { amountCents: 2, reference: "a" },
    ];
    expect((await deduct(other)).status).toBe(201);
    expect((await deduct(own)).json).toMatchObject({ status: 409, code: "reference_conflict" });
    for (const amountCents of [0, -1, 0.5, "5", 100_000_000_001, 2 ** 53]) {
      const { status, json } = await deduct({ amountCents });
      expect([status, json.field], String(amountCents)).toEqual([422, "amountCents"]);
    }
    expect((await ok(key, "GET", "/v1/credits")).balanceCents).toBe(99);
  });

  it("are topped up by a rule that its tenant sets, looks at and ends", async () => {
    const { ok, operator, organization, services } = await startServer(await freshUrl());
    const key = await organization("acme");
    const path = "/v1/credits/top-up";
    expect(await ok(key, "GET", path)).toEqual({ rule: null, topUps: [] });
    const body = { thresholdCents: 500, amountCents: 2_000 };
    const open = { id: expect.any(String), amountCents: 2_000, state: "open", requestedAt: AT };
    const set = await ok(key, "PUT", path, { body });
    expect(set).toEqual({
      rule: { ...body, isPaused: false },
      topUps: [{ ...open, settledAt: null }],
    });
    await services.topUps.settle(set.topUps[0].id, "paid", "acme");
    expect(await ok(operator, "GET", path, { tenant: "acme" })).toEqual({
      rule: { ...body, isPaused: false },
      topUps: [{ ...open, state: "paid", settledAt: AT }],
    });
    expect((await ok(key, "GET", "/v1/credits")).purchasedCents).toBe(2_000);
    expect((await ok(key, "DELETE", path)).rule).toBeNull();
    expect((await ok(key, "GET", path)).rule).toBeNull();
  });
});

describe("a tenant", () => {
  it("makes no credit, whatever its key may do", async () => {
    const { ok, call, operator, organization } = await startServer("sqlite::memory:");
    const key = await organization("acme");
    const issue = { amountCents: 100, type: "purchase" };
    const { id } = await ok(operator, "POST", "/v1/credits/issue", { body: issue, tenant: "acme" });
    const { transactionId } = await ok(key, "POST", "/v1/credits/deduct", { body: { amountCents: 60 } });
    const asked: [step: string, body: object][] = [
      ["issue", issue],
      ["adjust", { amountCents: 100 }],
      ["reverse", { transactionId }],
      ["void", { lotId: id }],
    ];
    for (const [step, body] of asked) {
      const { json } = await call(key, "POST", `/v1/credits/${step}`, { body });
      expect(json, step).toMatchObject({ status: 403, code: "operator_only" });
    }
    expect((await ok(key, "GET", "/v1/credits")).balanceCents).toBe(40);
  });
});
