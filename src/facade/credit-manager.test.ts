import { afterEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../test/support/database.ts";
import { type Billing, createBilling } from "../billing.ts";
import { CreditTransactionType } from "../domain/credits/index.ts";
import { DAY_MS, ManualClock } from "../kernel/index.ts";
import { CreditManager, getCreditManager } from "./credit-manager.ts";
import { setDefaultBilling } from "./default-billing.ts";

describe.each(ENGINES)("the manager of credits on $name", ({ freshUrl }) => {
  let billing: Billing | undefined;

  async function start(): Promise<{ billing: Billing; clock: ManualClock }> {
    const clock = new ManualClock("2026-01-15T12:00:00Z");
    billing = createBilling({ database: await freshUrl(), tenant: "default", clock });
    setDefaultBilling(billing);
    return { billing, clock };
  }

  afterEach(async () => {
    setDefaultBilling(undefined);
    await billing?.close();
  });

  it("runs the specification's example, to the cent", async () => {
    const started = await start();
    const manager = getCreditManager();
    expect(getCreditManager()).toBe(manager);

    await manager.issueCredit({
      orgId: "org_123",
      amountCents: 5000,
      creditType: CreditTransactionType.PROMOTIONAL,
      description: "Welcome bonus",
      expiresInDays: 90,
    });
    const balance = await manager.getBalance("org_123");
    expect(`Available credits: $${balance.balanceCents / 100}`).toBe("Available credits: $50");

    const result = await manager.deductCredits({
      orgId: "org_123",
      amountCents: 2500,
      description: "Monthly subscription",
    });
    expect(`Deducted: $${result.amountDeductedCents / 100}`).toBe("Deducted: $25");
    expect(`Still owed: $${result.remainingAmountCents / 100}`).toBe("Still owed: $0");

    const transactions = await manager.getTransactions({ orgId: "org_123", limit: 50 });
    expect(transactions.items).toMatchObject([
      {
        tenant: "org_123",
        type: "usage",
        amountCents: -2500,
        balanceCents: 2500,
        description: "Monthly subscription",
      },
      {
        tenant: "org_123",
        type: "promotional",
        amountCents: 5000,
        balanceCents: 5000,
        description: "Welcome bonus",
      },
    ]);
    expect(transactions.nextCursor).toBeNull();

    const owed = await manager.deductCredits({ orgId: "org_123", amountCents: 2600 });
    expect(owed).toMatchObject({ amountDeductedCents: 2500, remainingAmountCents: 100 });
    expect(await started.billing.verify()).toMatchObject({ ok: true });
  });

  it("adjusts, voids, gives back and tells what ends soon, and its jobs post what has ended", async () => {
    const { billing, clock } = await start();
    const manager = new CreditManager({}, billing);
    const orgId = "org_123";
    const issued = await manager.issueCredit({
      ...{ orgId, amountCents: 100, creditType: CreditTransactionType.REFERRAL, expiresInDays: 20 },
    });
    const up = await manager.adjustBalance({
      orgId,
      amountCents: 50,
      description: "goodwill",
      createdBy: "ada",
    });
    expect(up).toMatchObject({ type: "adjustment", balanceCents: 150, actor: "ada" });
    expect(await manager.getExpiringCredits({ orgId })).toMatchObject([
      { id: issued.id, remainingCents: 100 },
    ]);
    expect(await manager.getExpiringCredits({ orgId, withinDays: 19 })).toEqual([]);
    const { transactionId } = await manager.deductCredits({ orgId, amountCents: 120, referenceId: "inv_1" });
    expect(
      (await manager.deductCredits({ orgId, amountCents: 120, referenceId: "inv_1" })).transactionId,
    ).toBe(transactionId);
    await manager.reverseDeduction({ orgId, transactionId, amountCents: 70 });
    expect(await manager.voidCredit({ orgId, transactionId: up.id })).toMatchObject({ amountCents: -50 });
    expect(await manager.getBalance(orgId)).toMatchObject({
      balanceCents: 50,
      usedCents: 50,
      voidedCents: 50,
    });
    clock.advance(20 * DAY_MS);
    const runs = await billing.jobs.runDue();
    expect(runs.find(({ name }) => name === "credit expiry")).toMatchObject({ ran: true, done: 1 });
    expect(await manager.getBalance(orgId)).toMatchObject({ balanceCents: 0, expiredCents: 50 });
    expect(await billing.verify()).toMatchObject({ ok: true });
  });

  it("names what is wrong as the caller wrote it", async () => {
    const { billing } = await start();
    const manager = new CreditManager({}, billing);
    const call = { orgId: "org_123", amountCents: 1, creditType: CreditTransactionType.PURCHASE } as const;
    const fieldOf = (work: Promise<unknown>) =>
      work.then(
        () => "accepted",
        (error: { details: { field: string } }) => error.details.field,
      );
    expect(await fieldOf(manager.issueCredit({ ...call, creditType: "usage" as "purchase" }))).toBe(
      "creditType",
    );
    expect(await fieldOf(manager.issueCredit({ ...call, referenceId: "" }))).toBe("referenceId");
    expect(await fieldOf(manager.issueCredit({ ...call, tenant: "x" } as never))).toBe("tenant");
    expect(await fieldOf(manager.getBalance(""))).toBe("orgId");
    expect(await fieldOf(manager.voidCredit({ orgId: "org_123", transactionId: "" }))).toBe("transactionId");
    expect(await fieldOf(manager.issueCredit(call))).toBe("accepted");
  });
});
