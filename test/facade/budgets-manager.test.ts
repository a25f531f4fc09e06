import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { BudgetManager } from "../../src/facade/budget-manager.ts";
import { BudgetAction, BudgetPeriod } from "../../src/facade/budget-terms.ts";
import { defaultBilling } from "../../src/facade/default-billing.ts";
import { getBudgetManager, getEnterpriseMeter } from "../../src/facade/default-meters.ts";
import { DAY_MS, HOUR_MS, ManualClock } from "../../src/kernel/index.ts";
import { ENGINES } from "../support/database.ts";
import { reopenDefaultData, useDefaultData } from "./default-data.ts";

const BUDGET = {
  orgId: "org_123",
  name: "Engineering Team Budget",
  amountUsd: 5000.0,
  period: BudgetPeriod.MONTHLY,
  autoSuspend: true,
  thresholds: [
    { percentage: 0.5, action: BudgetAction.NOTIFY },
    { percentage: 0.75, action: BudgetAction.WARN },
    { percentage: 0.9, action: BudgetAction.SOFT_LIMIT },
    { percentage: 1.0, action: BudgetAction.HARD_LIMIT },
  ],
};
const ORG = { orgId: "org_123" };

describe("the specification's example of budget management", () => {
  useDefaultData();

  it("runs to the exact cent, also after a restart", async () => {
    const manager = getBudgetManager();
    expect(getBudgetManager()).toBe(manager);
    const budget = await manager.createBudget(BUDGET);
    expect(budget).toMatchObject({
      name: BUDGET.name,
      tenant: "org_123",
      period: "monthly",
      status: "active",
    });
    expect(budget.limit?.toString()).toBe("5000");
    expect(budget.thresholds).toEqual([
      { percent: 50, action: "notify" },
      { percent: 75, action: "warn" },
      { percent: 90, action: "soft_limit" },
      { percent: 100, action: "suspend" },
    ]);
    const ask = { ...ORG, amountUsd: 150.0, userId: "user_456" };
    expect(await manager.canSpend(ask)).toMatchObject({
      allowed: true,
      message: "allowed",
      isOverage: false,
    });
    await manager.recordSpend({ ...ORG, amountUsd: 150.0 });
    await reopenDefaultData();
    const again = getBudgetManager();
    const [status] = await again.getSummary(ORG);
    expect(
      status?.counters.map(({ spent, remaining, percent }) => `${spent} ${remaining} ${percent}`),
    ).toEqual(["150 4850 3"]);
    const refused = await again.canSpend({ ...ask, amountUsd: 4850.01 });
    expect(refused).toMatchObject({
      allowed: false,
      reason: "budget_exceeded",
      message:
        'the budget "Engineering Team Budget" has no room for $4850.01: $150 spent and $0 held of $5000 (monthly)',
    });
    expect((await again.canSpend({ ...ask, amountUsd: 4850 })).allowed).toBe(true);
    await again.grantOverride({ ...ORG, userId: "admin_789", durationHours: 24 });
    expect((await again.canSpend({ ...ask, amountUsd: 4850.01, userId: "admin_789" })).allowed).toBe(true);
    expect((await again.canSpend({ ...ask, amountUsd: 4850.01 })).allowed).toBe(false);
  });

  it("counts what is recorded through another class", async () => {
    const manager = getBudgetManager();
    await manager.createBudget(BUDGET);
    await getEnterpriseMeter().recordTokenUsage({
      tenantId: "org_123",
      provider: "anthropic",
      model: "claude-opus-4",
      tokensIn: 10_000,
      tokensOut: 5_000,
    });
    await manager.recordSpend({ ...ORG, amountUsd: 0.1 });
    await manager.recordSpend({ ...ORG, amountUsd: 0.2 });
    const [status] = await manager.getSummary(ORG);
    expect(status?.counters[0]?.spent.toString()).toBe("0.825");
    expect((await defaultBilling().verify()).differences).toEqual([]);
  });
});

describe.each(ENGINES)("a BudgetManager on $name", ({ freshUrl }) => {
  async function managerOn(
    work: (manager: BudgetManager, clock: ManualClock) => Promise<void>,
  ): Promise<void> {
    const clock = new ManualClock("2026-01-15T12:00:00Z");
    const notifications = { log: () => undefined };
    const billing = createBilling({ database: await freshUrl(), clock, notifications });
    try {
      await work(new BudgetManager({}, billing), clock);
      expect((await billing.verify()).differences).toEqual([]);
    } finally {
      await billing.close();
    }
  }

  it("alerts every threshold once, suspends when all is spent, and lets the override pass until its end", async () => {
    await managerOn(async (manager, clock) => {
      const { id: budgetId } = await manager.createBudget({ ...BUDGET, amountUsd: 100 });
      const spent: number[] = [];
      for (const amountUsd of [49.99, 0.01, 45, 5]) {
        await manager.recordSpend({ ...ORG, amountUsd });
        spent.push((await manager.getAlerts(ORG)).items.length);
      }
      expect(spent).toEqual([0, 1, 3, 4]);
      const { items } = await manager.getAlerts({ ...ORG, budgetId });
      expect(items.map(({ level, percent }) => [level, percent])).toEqual([
        ["exceeded", 100],
        ["critical", 90],
        ["warning", 75],
        ["info", 50],
      ]);
      const [alert] = items;
      const seen = { ...ORG, alertId: alert?.id ?? "", acknowledgedBy: "ann" };
      expect((await manager.acknowledgeAlert(seen)).acknowledgedBy).toBe("ann");
      expect((await manager.acknowledgeAlert({ ...seen, acknowledgedBy: "bob" })).acknowledgedBy).toBe("ann");
      await expect(manager.acknowledgeAlert({ ...seen, orgId: "other" })).rejects.toMatchObject({
        kind: "not_found",
      });
      const ask = async (userId: string) =>
        (await manager.canSpend({ ...ORG, amountUsd: 0, userId })).reason ?? "allowed";
      expect(await ask("u")).toBe("budget_suspended");
      await manager.grantOverride({ ...ORG, userId: "boss", durationHours: 24, budgetId, reason: "release" });
      await manager.grantOverride({ ...ORG, userId: "boss", durationHours: 0.5 });
      expect([await ask("boss"), await ask("u")]).toEqual(["allowed", "budget_suspended"]);
      clock.advance(24 * HOUR_MS - 1);
      expect(await ask("boss")).toBe("allowed");
      clock.advance(1);
      expect(await ask("boss")).toBe("budget_suspended");
      clock.set("2026-02-01T00:00:00Z");
      expect(await ask("u")).toBe("budget_suspended");
      await manager.resumeBudget({ ...ORG, budgetId });
      expect(await ask("u")).toBe("allowed");
    });
  });

  it("suspends what is spent unless it is told not to, or admits overage", async () => {
    await managerOn(async (manager) => {
      const lastOf = async (terms: object) => {
        const { thresholds } = await manager.createBudget({ ...ORG, name: "b", amountUsd: 1, ...terms });
        return `${thresholds.at(-1)?.percent} ${thresholds.at(-1)?.action}`;
      };
      expect(await lastOf({})).toBe("100 suspend");
      expect(await lastOf({ autoSuspend: false })).toBe("100 hard_limit");
      expect(await lastOf({ allowOverage: true })).toBe("100 hard_limit");
      expect(
        await lastOf({ autoSuspend: true, thresholds: [{ percentage: 0.9, action: "hard_limit" }] }),
      ).toBe("100 suspend");
    });
  });

  it("refuses at a hard limit below 100 % what would pass it, and the next period begins by itself", async () => {
    await managerOn(async (manager, clock) => {
      const thresholds = [{ percentage: "0.9", action: BudgetAction.HARD_LIMIT }];
      await manager.createBudget({ ...BUDGET, amountUsd: 100, thresholds, autoSuspend: false });
      await manager.recordSpend({ ...ORG, amountUsd: 88 });
      const ask = async (amountUsd: number) => (await manager.canSpend({ ...ORG, amountUsd })).allowed;
      expect([await ask(2), await ask(2.01), await ask(1_000_000)]).toEqual([true, false, false]);
      clock.set("2026-02-01T00:00:00Z");
      expect([await ask(90), await ask(90.01)]).toEqual([true, false]);
    });
  });

  it("admits overage up to its cap, and says how much and at what rate", async () => {
    await managerOn(async (manager) => {
      const thresholds = [{ percentage: 1, action: BudgetAction.ALLOW_WITH_CHARGES }];
      await manager.createBudget({
        ...BUDGET,
        amountUsd: 100,
        thresholds,
        autoSuspend: undefined,
        maxOverageUsd: 20,
      });
      await manager.recordSpend({ ...ORG, amountUsd: "95" });
      const ask = (amountUsd: number) => manager.canSpend({ ...ORG, amountUsd });
      const over = await ask(10);
      expect(over).toMatchObject({ allowed: true, isOverage: true, overageRateMultiplier: "1.5" });
      expect(over.overageAmountUsd?.toString()).toBe("5");
      expect(over.warnings).toEqual(['$5 would be overage of the budget "Engineering Team Budget"']);
      expect(await ask(5)).toMatchObject({ allowed: true, isOverage: false, overageAmountUsd: null });
      expect([(await ask(25)).allowed, (await ask(25.01)).allowed]).toEqual([true, false]);
    });
  });

  it("lists, changes, resets, suspends and closes budgets, and keeps transactions and trends", async () => {
    await managerOn(async (manager, clock) => {
      const { id: budgetId } = await manager.createBudget({ ...BUDGET, amountUsd: 10, id: "b1" });
      expect((await manager.createBudget({ ...BUDGET, amountUsd: 10, id: "b1" })).id).toBe("b1");
      const key = { ...ORG, budgetId };
      await manager.recordSpend({ ...ORG, amountUsd: 4, id: "s1", userId: "u" });
      await manager.recordSpend({ ...ORG, amountUsd: 4, id: "s1", userId: "u" });
      clock.advance(DAY_MS);
      await manager.recordSpend({ ...ORG, amountUsd: 6 });
      expect((await manager.getBudget(key)).suspendedBy).toBe("threshold");
      await manager.updateBudget({ ...key, amountUsd: 20, name: "more" });
      expect(await manager.getBudget(key)).toMatchObject({ status: "active", name: "more" });
      const { items } = await manager.getTransactions(key);
      expect(items.map(({ costUsd }) => costUsd.toString())).toEqual(["6", "4"]);
      const period = { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2026-02-01T00:00:00Z") };
      const trends = async (by: "day" | "week" | "month") =>
        (await manager.getTrends({ ...key, ...period, by })).map(
          ({ from, spent }) => `${from.toISOString().slice(0, 10)} ${spent}`,
        );
      expect(await trends("day")).toEqual(["2026-01-15 4", "2026-01-16 6"]);
      expect(await trends("week")).toEqual(["2026-01-12 10"]);
      expect(await trends("month")).toEqual(["2026-01-01 10"]);
      await manager.resetBudget({ ...key, actor: "ann", reason: "agreed" });
      expect((await manager.getSummary(ORG))[0]?.counters[0]?.spent.toString()).toBe("0");
      await manager.suspendBudget(key);
      expect((await manager.canSpend({ ...ORG, amountUsd: 1 })).reason).toBe("budget_suspended");
      await manager.closeBudget(key);
      expect([await manager.listBudgets(ORG), await manager.getSummary(ORG)]).toEqual([[], []]);
      expect((await manager.listBudgets({ ...ORG, includeClosed: true })).map(({ id }) => id)).toEqual([
        "b1",
      ]);
      expect((await manager.canSpend({ ...ORG, amountUsd: 1 })).allowed).toBe(true);
      await expect(manager.updateBudget({ ...key, amountUsd: 1 })).rejects.toMatchObject({
        code: "budget_closed",
      });
    });
  });

  it("throws what is wrong, naming the field as the caller knows it", async () => {
    await managerOn(async (manager) => {
      const field = (name: string) => ({ kind: "invalid_input", details: { field: name } });
      const create = (wrong: object) => manager.createBudget({ ...BUDGET, ...wrong });
      await expect(create({ amountUsd: -1 })).rejects.toMatchObject(field("amountUsd"));
      await expect(create({ amountUsd: undefined })).rejects.toMatchObject(field("amountUsd"));
      await expect(create({ period: "hourly" })).rejects.toMatchObject(field("period"));
      await expect(create({ auto_suspend: true })).rejects.toMatchObject(field("auto_suspend"));
      const threshold = (percentage: unknown, action = "notify") =>
        create({ thresholds: [{ percentage, action }] });
      await expect(threshold(0.12345)).rejects.toMatchObject(field("thresholds[0].percentage"));
      await expect(threshold(0.5, "explode")).rejects.toMatchObject(field("thresholds[0].action"));
      const suspend = [{ percentage: 1, action: BudgetAction.SUSPEND }];
      await expect(create({ autoSuspend: false, thresholds: suspend })).rejects.toMatchObject(
        field("autoSuspend"),
      );
      await expect(manager.canSpend({ ...ORG } as never)).rejects.toMatchObject(field("amountUsd"));
      await expect(manager.canSpend({ ...ORG, amountUsd: 1, userId: 5 as never })).rejects.toMatchObject(
        field("userId"),
      );
      const grant = { ...ORG, userId: "u", durationHours: 0 };
      await expect(manager.grantOverride(grant)).rejects.toMatchObject(field("durationHours"));
      await expect(manager.grantOverride({ ...grant, durationHours: Number.NaN })).rejects.toMatchObject(
        field("durationHours"),
      );
      const none = { ...ORG, budgetId: "none" };
      await expect(manager.getBudget(none)).rejects.toMatchObject({ code: "budget_not_found" });
      await expect(manager.closeBudget(none)).rejects.toMatchObject({ code: "budget_not_found" });
      expect(await manager.listBudgets(ORG)).toEqual([]);
    });
  });
});
