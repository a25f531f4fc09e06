import { describe, expect, it } from "vitest";
import { type Billing, createBilling } from "../../src/billing.ts";
import type { TenantBudgetAlert } from "../../src/facade/budget-alert.ts";
import { BudgetManager } from "../../src/facade/budget-manager.ts";
import { CostGranularity } from "../../src/facade/cost-report.ts";
import { CostTracker } from "../../src/facade/cost-tracker.ts";
import { DebateBudgetExceededError } from "../../src/facade/debate-budget-error.ts";
import { defaultBilling } from "../../src/facade/default-billing.ts";
import { getCostTracker, recordUsage } from "../../src/facade/default-meters.ts";
import { BillingError, ManualClock } from "../../src/kernel/index.ts";
import { reopenDefaultData, useDefaultData } from "./default-data.ts";

const USAGE = {
  workspaceId: "ws_123",
  agentName: "claude",
  provider: "anthropic",
  model: "claude-opus-4",
  tokensIn: 10_000,
  tokensOut: 5_000,
  debateId: "debate_789",
};
const BUDGET = {
  name: "Q1 Budget",
  workspaceId: "ws_123",
  monthlyLimitUsd: "1000",
  dailyLimitUsd: "50",
  perDebateLimitUsd: "5",
};

/** A tracker on a database in memory whose clock moves by hand. */
async function trackerOn(
  work: (tracker: CostTracker, clock: ManualClock, billing: Billing) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock("2026-01-15T12:00:00Z");
  const options = {
    database: "sqlite::memory:",
    tenant: "acme",
    clock,
    notifications: { log: () => undefined },
  };
  const billing = createBilling(options);
  try {
    await work(new CostTracker({}, billing), clock, billing);
    expect((await billing.verify()).differences).toEqual([]);
  } finally {
    await billing.close();
  }
}

describe("CostTracker budgets", () => {
  useDefaultData();

  it("run the specification's example of cost tracking with budgets, also after a restart", async () => {
    const tracker = getCostTracker();
    await tracker.setBudget(BUDGET);
    const heard: string[] = [];
    tracker.addAlertCallback((alert) => heard.push(`${alert.level} - ${alert.message}`));
    const usage = await recordUsage(USAGE);
    expect(usage.costUsd.toString()).toBe("0.525");
    const check = async () => {
      const status = await getCostTracker().checkDebateBudget("debate_789");
      expect(status).toMatchObject({
        allowed: true,
        reason: null,
        message: "$0.525 of $5 spent",
        currentCost: "0.525",
        held: "0",
        limit: "5",
        remaining: "4.475",
        warnings: [],
      });
      const report = await getCostTracker().generateReport({
        workspaceId: "ws_123",
        granularity: CostGranularity.DAILY,
      });
      expect(report.totalCost.toString()).toBe("0.525");
      expect(await getCostTracker().getBudget({ workspaceId: "ws_123" })).toMatchObject({
        id: "workspace:ws_123",
        name: "Q1 Budget",
        tenantId: "default",
        workspaceId: "ws_123",
        perAgentLimitUsd: null,
        alertThreshold50: true,
        isSuspended: false,
      });
    };
    await check();
    await reopenDefaultData();
    await check();
    for (let call = 0; call < 8; call += 1) await recordUsage(USAGE);
    expect(heard).toEqual([]);
    const status = await getCostTracker().checkDebateBudget("debate_789", { estimatedCostUsd: "0.276" });
    expect(status).toMatchObject({
      allowed: false,
      reason: "budget_exceeded",
      message:
        'the budget "Q1 Budget" (debate debate_789) has no room for $0.276: $4.725 spent and $0 held of $5',
      currentCost: "4.725",
      remaining: "0.275",
    });
    const next = await getCostTracker().checkDebateBudget("debate_789", { estimatedCostUsd: "0.275" });
    expect(next.allowed).toBe(true);
  });

  it("run the specification's example of enforcement per debate, also after a restart", async () => {
    const tracker = getCostTracker();
    await tracker.setDebateLimit("debate_123", "10.00");
    const status = await tracker.checkDebateBudget("debate_123", { estimatedCostUsd: "0.50" });
    expect(status).toMatchObject({ allowed: true, currentCost: "0", limit: "10", remaining: "10" });
    await tracker.recordDebateCost("debate_123", "0.45");
    await reopenDefaultData();
    const again = getCostTracker();
    const refused = await again.checkDebateBudget("debate_123", { estimatedCostUsd: "9.56" });
    expect(refused).toMatchObject({ allowed: false, currentCost: "0.45", limit: "10", remaining: "9.55" });
    const error = new DebateBudgetExceededError({
      debateId: "debate_123",
      currentCost: refused.currentCost,
      limit: refused.limit,
    });
    expect(error).toBeInstanceOf(BillingError);
    expect(error).toMatchObject({
      name: "DebateBudgetExceededError",
      kind: "limit_exceeded",
      code: "debate_budget_exceeded",
      message: 'debate "debate_123" may spend no more: $0.45 spent, the limit is $10',
      details: { debateId: "debate_123", currentCostUsd: "0.45", limitUsd: "10" },
      retryable: false,
    });
    expect([error.debateId, error.currentCost.toString(), error.limit?.toString()]).toEqual([
      "debate_123",
      "0.45",
      "10",
    ]);
    await again.clearDebateBudget("debate_123");
    await again.clearDebateBudget("debate_123");
    expect(await again.checkDebateBudget("debate_123", { estimatedCostUsd: "9.56" })).toMatchObject({
      allowed: true,
      limit: "unlimited",
      remaining: "unlimited",
      message: "no limit is set",
    });
  });

  it("alert each crossed threshold of their own budgets to callbacks, and not those that are switched off", async () => {
    const tracker = getCostTracker();
    const heard: TenantBudgetAlert[] = [];
    tracker.addAlertCallback(() => {
      throw new Error("a broken callback");
    });
    tracker.addAlertCallback((alert) => heard.push(alert));
    await defaultBilling().budgets.create({ name: "another's", limit: 1 });
    await tracker.setBudget({
      name: "month",
      workspaceId: "ws_123",
      monthlyLimitUsd: 1,
      alertThreshold75: false,
    });
    await recordUsage(USAGE);
    await recordUsage(USAGE);
    await expect.poll(() => heard).toHaveLength(3);
    expect(heard.map(({ level, percent, message, tenantId }) => [level, percent, message, tenantId])).toEqual(
      [
        ["info", 50, 'the budget "month" has reached 50 %: $0.525 of $1', "default"],
        ["critical", 90, 'the budget "month" has reached 90 %: $1.05 of $1', "default"],
        ["exceeded", 100, 'the budget "month" has reached 100 %: $1.05 of $1', "default"],
      ],
    );
    expect(heard[0]?.currentSpendUsd.toString()).toBe("0.525");
  });
});

describe("a CostTracker budget", () => {
  it("holds its daily limit, its monthly one and those per debate and per agent", async () => {
    await trackerOn(async (tracker, clock) => {
      const limits = { monthlyLimitUsd: 4, dailyLimitUsd: 2, perDebateLimitUsd: "1.1", perAgentLimitUsd: 3 };
      await tracker.setBudget({ name: "b", workspaceId: "ws_123", ...limits });
      const ask = async (debate: string, agentName: string, estimatedCostUsd = "0.525") => {
        const options = { workspaceId: "ws_123", agentName, estimatedCostUsd };
        const { allowed, limit } = await tracker.checkDebateBudget(debate, options);
        return `${allowed} ${limit}`;
      };
      const record = (debateId: string, agentName: string) =>
        tracker.recordUsage({ ...USAGE, debateId, agentName });
      await record("d1", "a");
      expect(await ask("d1", "a")).toBe("true 1.1");
      await record("d1", "a");
      expect(await ask("d1", "a")).toBe("false 1.1");
      expect(await ask("d2", "a")).toBe("true 1.1");
      await record("d2", "a");
      expect(await ask("d3", "a")).toBe("false 2");
      clock.advance(86_400_000);
      expect(await ask("d3", "a")).toBe("true 1.1");
      await record("d3", "a");
      await record("d4", "a");
      expect(await ask("d5", "a")).toBe("false 3");
      expect(await ask("d5", "b")).toBe("true 1.1");
      await record("d5", "b");
      clock.advance(86_400_000);
      await record("d6", "b");
      expect(await ask("d7", "b")).toBe("false 4");
      clock.set("2026-02-01T00:00:00Z");
      expect(await ask("d7", "a")).toBe("true 1.1");
      // What a debate has spent, it has spent in every month.
      expect(await ask("d1", "b")).toBe("false 1.1");
      await expect(
        tracker
          .getBudget({ workspaceId: "ws_123" })
          .then((budget) => budget?.currentMonthlySpend?.toString()),
      ).resolves.toBe("0");
    });
  });

  it("is changed by setting it again, and a limit that is left out is taken away and can come back", async () => {
    await trackerOn(async (tracker) => {
      await tracker.setBudget(BUDGET);
      await tracker.recordUsage(USAGE);
      await tracker.setBudget({ ...BUDGET, name: "Q2 Budget", perDebateLimitUsd: "0.6" });
      const ask = () => tracker.checkDebateBudget("debate_789", { estimatedCostUsd: "0.1" });
      expect(await ask()).toMatchObject({ allowed: false, limit: "0.6", currentCost: "0.525" });
      await tracker.setBudget({ ...BUDGET, perDebateLimitUsd: undefined, dailyLimitUsd: null });
      expect(await ask()).toMatchObject({ allowed: true, limit: "unlimited", currentCost: "0.525" });
      const budget = await tracker.getBudget({ workspaceId: "ws_123" });
      expect([budget?.monthlyLimitUsd?.toString(), budget?.dailyLimitUsd, budget?.perDebateLimitUsd]).toEqual(
        ["1000", null, null],
      );
      await tracker.setBudget({ ...BUDGET, perDebateLimitUsd: 0.55 });
      expect(await ask()).toMatchObject({ allowed: false, limit: "0.55" });
      expect(await tracker.getBudget({ workspaceId: "ws_none" })).toBeNull();
      await tracker.setBudget({ id: "own", name: "all", tenantId: "acme", monthlyLimitUsd: "7" });
      expect(await tracker.getBudget({ workspaceId: "ws_none" })).toMatchObject({ id: "own", name: "all" });
      expect(await tracker.getBudget({ id: "own" })).toMatchObject({ workspaceId: null });
    });
  });

  it("blocks everything at a limit of 0", async () => {
    await trackerOn(async (tracker) => {
      await tracker.setBudget({ name: "none", perDebateLimitUsd: 0 });
      expect(await tracker.checkDebateBudget("d")).toMatchObject({
        allowed: false,
        limit: "0",
        remaining: "0",
      });
      await tracker.setDebateLimit("e", 0, { tenantId: "other" });
      const status = await tracker.checkDebateBudget("e", { orgId: "other", estimatedCostUsd: 0 });
      expect(status.allowed).toBe(false);
    });
  });

  it("judges a debate that was never seen by the smallest limit per debate, one that was by its workspace's", async () => {
    await trackerOn(async (tracker) => {
      await tracker.setBudget({ name: "big", workspaceId: "ws_big", perDebateLimitUsd: 100 });
      await tracker.setBudget({ name: "small", workspaceId: "ws_small", perDebateLimitUsd: 5 });
      const limitOf = async (debate: string, options = {}) =>
        (await tracker.checkDebateBudget(debate, { estimatedCostUsd: 6, ...options })).limit;
      expect(await limitOf("new")).toBe("5");
      expect(await limitOf("new", { workspaceId: "ws_big" })).toBe("100");
      await tracker.recordUsage({ ...USAGE, debateId: "seen", workspaceId: "ws_big" });
      expect(await limitOf("seen")).toBe("100");
      await tracker.setDebateLimit("seen", 2);
      expect(await limitOf("seen")).toBe("2");
      await tracker.setDebateLimit("own:1", 50);
      expect([await limitOf("own:1"), await limitOf("own")]).toEqual(["50", "5"]);
      await tracker.setBudget({ name: "all", perDebateLimitUsd: 1 });
      expect(await limitOf("new")).toBe("1");
    });
  });

  it("counts what is recorded without a workspace where it is judged", async () => {
    await trackerOn(async (tracker) => {
      await tracker.setBudget({ name: "small", workspaceId: "ws_small", perDebateLimitUsd: 5 });
      await tracker.setBudget({ name: "big", workspaceId: "ws_big", perDebateLimitUsd: 100 });
      await tracker.recordDebateCost("d", "4.5");
      expect(await tracker.checkDebateBudget("d", { estimatedCostUsd: "0.6" })).toMatchObject({
        allowed: false,
        currentCost: "4.5",
        limit: "5",
      });
      await tracker.recordUsage({ ...USAGE, debateId: "e", workspaceId: "ws_big" });
      await tracker.recordDebateCost("e", "4.5");
      const status = await tracker.checkDebateBudget("e", { estimatedCostUsd: "0.6" });
      expect(status).toMatchObject({ allowed: true, currentCost: "5.025", limit: "100" });
    });
  });

  it("counts a call once that was recorded as an event and as a debate's cost, in either order", async () => {
    await trackerOn(async (tracker) => {
      await tracker.setBudget(BUDGET);
      const costOf = async (debate: string) => (await tracker.checkDebateBudget(debate)).currentCost;
      const usage = await tracker.recordUsage({ ...USAGE, id: "call-1" });
      await tracker.recordDebateCost("debate_789", usage.costUsd, { eventId: usage.id });
      expect(await costOf("debate_789")).toBe("0.525");
      await tracker.recordDebateCost("debate_1", "0.7", { eventId: "call-2" });
      expect(await costOf("debate_1")).toBe("0.7");
      await tracker.recordUsage({ ...USAGE, debateId: "debate_1", id: "call-2" });
      expect(await costOf("debate_1")).toBe("0.525");
      await tracker.recordDebateCost("debate_1", "0.1", { id: "once" });
      await tracker.recordDebateCost("debate_1", "0.1", { id: "once" });
      expect(await costOf("debate_1")).toBe("0.625");
      await expect(tracker.recordDebateCost("debate_1", "0.2", { id: "once" })).rejects.toMatchObject({
        code: "key_conflict",
      });
    });
  });

  it("tells what a debate without any limit costs", async () => {
    await trackerOn(async (tracker) => {
      const costOf = async () => (await tracker.checkDebateBudget("debate_789")).currentCost;
      expect(await costOf()).toBe("0");
      await tracker.recordUsage(USAGE);
      expect(await costOf()).toBe("0.525");
      await tracker.recordDebateCost("debate_789", 0.1);
      await tracker.recordDebateCost("debate_789", 0.2);
      expect(await costOf()).toBe("0.825");
    });
  });

  it("counts in a debate's own limit all that the debate spent before, and after a clearing what it spends then", async () => {
    await trackerOn(async (tracker, clock) => {
      await tracker.recordUsage({ ...USAGE, timestamp: "2024-03-01T00:00:00Z" });
      await tracker.setDebateLimit("debate_789", "1");
      const ask = () => tracker.checkDebateBudget("debate_789", { estimatedCostUsd: "0.5" });
      expect(await ask()).toMatchObject({ allowed: false, currentCost: "0.525" });
      await tracker.setDebateLimit("debate_789", "2");
      expect(await ask()).toMatchObject({ allowed: true, limit: "2" });
      await tracker.clearDebateBudget("debate_789");
      clock.advance(1_000);
      await tracker.setDebateLimit("debate_789", "1");
      expect(await ask()).toMatchObject({ allowed: true, currentCost: "0", limit: "1" });
    });
  });

  it("admits exactly what fits when many ask for it at once through holds", async () => {
    await trackerOn(async (tracker) => {
      const billing = createBilling({ database: "sqlite::memory:", tenant: "acme" });
      const own = new CostTracker({}, billing);
      await own.setBudget({ name: "b", workspaceId: "ws", perDebateLimitUsd: 1 });
      const request = { dimensions: { workspace: "ws", debate: "d" }, estimatedCostUsd: "0.5" };
      const asked = await Promise.allSettled(
        Array.from({ length: 20 }, () => billing.holds.authorize(request)),
      );
      expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
      expect(await own.checkDebateBudget("d")).toMatchObject({ allowed: false, held: "1", currentCost: "0" });
      await billing.close();
      expect(await tracker.checkDebateBudget("d")).toMatchObject({ allowed: true });
    });
  });

  it("throws what is wrong, naming the field as the caller knows it, and sets nothing", async () => {
    await trackerOn(async (tracker) => {
      const field = (name: string) => ({ kind: "invalid_input", details: { field: name } });
      const set = (wrong: object) => tracker.setBudget({ name: "b", ...wrong });
      await expect(set({ monthlyLimitUsd: "-1" })).rejects.toMatchObject(field("monthlyLimitUsd"));
      await expect(set({ dailyLimitUsd: "1e3" })).rejects.toMatchObject(field("dailyLimitUsd"));
      await expect(set({ perDebateLimit: 5 })).rejects.toMatchObject(field("perDebateLimit"));
      await expect(set({ workspaceId: "each", dailyLimitUsd: 1 })).rejects.toMatchObject(
        field("workspaceId"),
      );
      await expect(set({ tenantId: "a", orgId: "b" })).rejects.toMatchObject(field("orgId"));
      await expect(tracker.setDebateLimit("each", 1)).rejects.toMatchObject(field("debateId"));
      await expect(tracker.setDebateLimit("d", "ten")).rejects.toMatchObject(field("limit"));
      await expect(tracker.recordDebateCost("d", -1)).rejects.toMatchObject(field("amount"));
      await expect(tracker.checkDebateBudget("")).rejects.toMatchObject(field("debateId"));
      await expect(tracker.checkDebateBudget("d", { estimated: 1 } as never)).rejects.toMatchObject(
        field("estimated"),
      );
      expect(await tracker.getBudget()).toBeNull();
      await tracker.setBudget({ id: "b1", name: "b", workspaceId: "a", monthlyLimitUsd: 1 });
      await expect(set({ id: "b1", workspaceId: "b", monthlyLimitUsd: 1 })).rejects.toMatchObject({
        code: "budget_exists",
      });
    });
  });

  it("lets a user with an override pass", async () => {
    await trackerOn(async (tracker, _clock, billing) => {
      await tracker.setDebateLimit("d", 1);
      await tracker.recordDebateCost("d", 1, { id: "s", userId: "boss" });
      await tracker.recordDebateCost("d", 1, { id: "s", userId: "boss" });
      await new BudgetManager({}, billing).grantOverride({ userId: "boss", durationHours: 1 });
      const ask = async (userId?: string) => (await tracker.checkDebateBudget("d", { userId })).allowed;
      expect([await ask(), await ask("boss")]).toEqual([false, true]);
      expect((await billing.budgets.list()).map(({ id }) => id)).toEqual(["cost_tracker_debate:d:1"]);
    });
  });

  it("belongs to its tenant alone", async () => {
    await trackerOn(async (tracker) => {
      await tracker.setBudget({ name: "b", workspaceId: "ws_123", perDebateLimitUsd: 0 });
      expect(await tracker.getBudget({ workspaceId: "ws_123", tenantId: "globex" })).toBeNull();
      expect(await tracker.checkDebateBudget("d", { tenantId: "globex" })).toMatchObject({ allowed: true });
    });
  });
});
