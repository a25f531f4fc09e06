import { describe, expect, it } from "vitest";
import { type Billing, createBilling } from "../../src/billing.ts";
import { EnterpriseMeter } from "../../src/facade/enterprise-meter.ts";
import { DAY_MS, ManualClock } from "../../src/kernel/index.ts";
import { ENGINES } from "../support/database.ts";

const ACME = { tenantId: "tenant_123" };
/** $0.423. */
const USAGE = {
  ...ACME,
  provider: "anthropic",
  model: "claude-opus-4",
  tokensIn: 15_000,
  tokensOut: 3_000,
  cachedTokens: 2_000,
};

describe.each(ENGINES)("an EnterpriseMeter's budget on $name", ({ freshUrl }) => {
  async function meterOn(
    work: (meter: EnterpriseMeter, billing: Billing, clock: ManualClock) => Promise<void>,
  ): Promise<void> {
    const clock = new ManualClock("2026-01-15T12:00:00Z");
    const billing = createBilling({
      database: await freshUrl(),
      clock,
      notifications: { log: () => undefined },
    });
    try {
      await work(new EnterpriseMeter({}, billing), billing, clock);
      expect((await billing.verify()).differences).toEqual([]);
    } finally {
      await billing.close();
    }
  }

  async function ask({ holds }: Billing, estimatedCostUsd: string): Promise<string> {
    const { reason } = await holds.check({ tenant: "tenant_123", estimatedCostUsd });
    return reason ?? "allowed";
  }

  it("holds the month and the day, and leaves the breakdown as it is", async () => {
    await meterOn(async (meter, billing, clock) => {
      await meter.setBudget({ ...ACME, monthlyBudgetUsd: 1, dailyLimitUsd: "0.5" });
      await meter.recordTokenUsage(USAGE);
      expect([await ask(billing, "0.077"), await ask(billing, "0.078")]).toEqual([
        "allowed",
        "budget_exceeded",
      ]);
      clock.advance(DAY_MS);
      await meter.recordTokenUsage(USAGE);
      clock.advance(DAY_MS);
      expect([await ask(billing, "0.154"), await ask(billing, "0.155")]).toEqual([
        "allowed",
        "budget_exceeded",
      ]);
      expect((await meter.getCostBreakdown(ACME)).totalCost.toString()).toBe("0.846");
      const budget = await meter.getBudget(ACME);
      expect(budget).toMatchObject({
        tenantId: "tenant_123",
        thresholds: [50, 75, 90],
        alertEmails: [],
        autoSuspendOnExceed: false,
        rolloverUnused: false,
        isSuspended: false,
      });
      expect(
        [
          budget?.monthlyBudgetUsd,
          budget?.dailyLimitUsd,
          budget?.currentMonthlySpend,
          budget?.remaining,
        ].join(),
      ).toBe("1,0.5,0.846,0.154");
    });
  });

  it("is unlimited at 0, and none where none was set", async () => {
    await meterOn(async (meter, billing) => {
      expect(await meter.getBudget(ACME)).toBeNull();
      expect(await meter.getBudgetAlerts(ACME)).toEqual([]);
      await meter.setBudget({ ...ACME, monthlyBudgetUsd: "0.00" });
      expect(await ask(billing, "999999")).toBe("allowed");
      const budget = await meter.getBudget(ACME);
      expect([
        budget?.monthlyBudgetUsd.toString(),
        budget?.dailyLimitUsd.toString(),
        budget?.remaining,
      ]).toEqual(["0", "0", null]);
      await meter.setBudget({ ...ACME, monthlyBudgetUsd: 5 });
      expect(await ask(billing, "5.01")).toBe("budget_exceeded");
      await meter.setBudget({ ...ACME, monthlyBudgetUsd: 0 });
      expect(await ask(billing, "5.01")).toBe("allowed");
    });
  });

  it("alerts its own thresholds once a month, to its addresses", async () => {
    await meterOn(async (meter, billing, clock) => {
      const thresholds = [40, "80.5"];
      await meter.setBudget({
        ...ACME,
        monthlyBudgetUsd: 1,
        thresholds,
        alertEmails: ["a@b.example", "c@d.example"],
      });
      for (let call = 0; call < 3; call += 1) await meter.recordTokenUsage(USAGE);
      const alerts = await meter.getBudgetAlerts(ACME);
      expect(alerts.map(({ percent, level }) => [percent, level]).sort()).toEqual([
        [100, "exceeded"],
        [40, "info"],
        [80.5, "warning"],
      ]);
      const { items } = await billing.notifications.list({ tenant: "tenant_123" });
      expect(items.map(({ recipient }) => recipient).sort()).toEqual([
        ...Array(3).fill("a@b.example"),
        ...Array(3).fill("c@d.example"),
      ]);
      clock.set("2026-02-01T00:00:00Z");
      await meter.recordTokenUsage(USAGE);
      expect((await meter.getBudgetAlerts(ACME)).map(({ percent }) => percent)[0]).toBe(40);
      expect(await meter.getBudgetAlerts(ACME)).toHaveLength(4);
    });
  });

  it("suspends when it is spent, also in the next month, until it is raised or resumed", async () => {
    await meterOn(async (meter, billing, clock) => {
      const config = { ...ACME, monthlyBudgetUsd: "0.4", autoSuspendOnExceed: true };
      await meter.setBudget(config);
      await meter.recordTokenUsage(USAGE);
      expect(await ask(billing, "0")).toBe("budget_suspended");
      clock.set("2026-02-01T00:00:00Z");
      expect(await ask(billing, "0")).toBe("budget_suspended");
      expect(await meter.getBudget(ACME)).toMatchObject({ isSuspended: true, autoSuspendOnExceed: true });
      await meter.setBudget({ ...config, monthlyBudgetUsd: "0.5" });
      expect(await ask(billing, "0.5")).toBe("allowed");
    });
  });

  it("rolls an unused rest over to the next month, and no more than one budget of it", async () => {
    await meterOn(async (meter, billing, clock) => {
      await meter.setBudget({ ...ACME, monthlyBudgetUsd: 1, rolloverUnused: true });
      await meter.recordTokenUsage(USAGE);
      clock.set("2026-02-10T00:00:00Z");
      expect([await ask(billing, "1.577"), await ask(billing, "1.578")]).toEqual([
        "allowed",
        "budget_exceeded",
      ]);
      const budget = await meter.getBudget(ACME);
      expect([budget?.carriedOver, budget?.remaining].join()).toBe("0.577,1.577");
      expect(budget?.rolloverUnused).toBe(true);
      clock.set("2026-04-10T00:00:00Z");
      expect([await ask(billing, "2"), await ask(billing, "2.01")]).toEqual(["allowed", "budget_exceeded"]);
      await meter.setBudget({ ...ACME, monthlyBudgetUsd: 1, rolloverUnused: false });
      expect([await ask(billing, "1"), await ask(billing, "1.01")]).toEqual(["allowed", "budget_exceeded"]);
      expect((await meter.getBudget(ACME))?.rolloverUnused).toBe(false);
      expect(
        (await billing.budgets.list({ tenant: "tenant_123" })).filter(({ limit }) => limit !== null),
      ).toHaveLength(1);
    });
  });

  it("throws what is wrong, naming the field as the caller knows it", async () => {
    await meterOn(async (meter) => {
      const field = (name: string) => ({ kind: "invalid_input", details: { field: name } });
      const set = (wrong: object) => meter.setBudget({ ...ACME, monthlyBudgetUsd: 1, ...wrong });
      await expect(set({ monthlyBudgetUsd: "-1" })).rejects.toMatchObject(field("monthlyBudgetUsd"));
      await expect(set({ monthlyBudgetUsd: undefined })).rejects.toMatchObject(field("monthlyBudgetUsd"));
      await expect(set({ dailyLimitUsd: "x" })).rejects.toMatchObject(field("dailyLimitUsd"));
      await expect(set({ thresholds: [50, "a"] })).rejects.toMatchObject(field("thresholds[1]"));
      await expect(set({ alertEmails: ["a b"] })).rejects.toMatchObject(field("alertEmails[0]"));
      await expect(set({ monthlyBudget: 5 })).rejects.toMatchObject(field("monthlyBudget"));
      expect(await meter.getBudget(ACME)).toBeNull();
    });
  });
});
