import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Billing, createBilling } from "../../src/billing.ts";
import { CostTracker } from "../../src/facade/cost-tracker.ts";
import { defaultBilling } from "../../src/facade/default-billing.ts";
import { getCostTracker, recordUsage } from "../../src/facade/default-meters.ts";
import { ENGINES } from "../support/database.ts";
import { useDefaultData } from "./default-data.ts";

const CHILD = fileURLToPath(new URL("budget-child.ts", import.meta.url));
const SEEN = {
  ...{ allowed: true, currentCost: "0.45", limit: "10", remaining: "9.55" },
  ...{ canSpend: false, monthly: "1000" },
};
const CALL = { provider: "anthropic", model: "claude-opus-4", tokensIn: 10_000, tokensOut: 5_000 };

function child(what: "set" | "check"): unknown {
  const tsx = import.meta.resolve("tsx");
  return JSON.parse(execFileSync(process.execPath, ["--import", tsx, CHILD, what], { encoding: "utf8" }));
}

describe("budgets of the default data", () => {
  useDefaultData();

  it("that another process has set are seen by this one, and what this one spends by the next", async () => {
    expect(child("set")).toEqual(SEEN);
    const tracker = getCostTracker();
    const ask = () => tracker.checkDebateBudget("debate_123", { estimatedCostUsd: "9.55" });
    expect(await ask()).toMatchObject({ allowed: true, currentCost: "0.45" });
    // Set again: the same stored budgets.
    expect(child("set")).toMatchObject({ allowed: false, currentCost: "0.9" });
    expect((await defaultBilling().budgets.list({ tenant: "default" })).map(({ id }) => id)).toEqual([
      "cost_tracker:workspace:ws_123:per_debate",
      "cost_tracker_debate:debate_123:1",
    ]);
    await tracker.recordDebateCost("debate_123", "0.1");
    expect(child("check")).toMatchObject({ allowed: false, currentCost: "1", remaining: "9" });
  });

  it("refuse a debate whose workspace has spent its day", async () => {
    await getCostTracker().setBudget({ name: "Q1 Budget", workspaceId: "ws_123", dailyLimitUsd: "0.5" });
    await recordUsage({ ...CALL, workspaceId: "ws_123", agentName: "claude", debateId: "debate_789" });
    const status = await getCostTracker().checkDebateBudget("debate_789", { workspaceId: "ws_123" });
    expect(status).toMatchObject({ allowed: false, currentCost: "0.525", limit: "0.5", remaining: "0" });
  });
});

describe.each(ENGINES.filter(({ name }) => name !== "sqlite memory"))("a budget on $name", ({ freshUrl }) => {
  it("that many processes set at the same time has the terms of one of them, and none of them fails", async () => {
    const url = await freshUrl();
    const all = [1, 2].map(() => createBilling({ database: url, tenant: "acme" }));
    onTestFinished(() => Promise.all(all.map((billing) => billing.close())).then(() => undefined));
    const limits = [1, 2, 3, 4, 5, 6];
    await Promise.all(
      limits.map((limit) => {
        const tracker = new CostTracker({}, all[limit % 2]);
        return tracker.setBudget({ name: "b", workspaceId: "ws", monthlyLimitUsd: limit });
      }),
    );
    const [budget, ...others] = await (all[0] as Billing).budgets.list();
    expect([others, limits.includes(Number(budget?.limit))]).toEqual([[], true]);
  });
});

describe.each(ENGINES)("withBudget on $name", ({ freshUrl }) => {
  async function start() {
    const notifications = { log: () => undefined };
    const billing = createBilling({ database: await freshUrl(), tenant: "acme", notifications });
    onTestFinished(() => billing.close());
    const { id } = await billing.budgets.create({ name: "b", limit: "2", period: "total" });
    const counter = async () => {
      const [found] = (await billing.budgets.status(id)).counters;
      return `${found?.spent} ${found?.held}`;
    };
    return { billing, counter };
  }

  it("holds the estimate while the work runs, counts the calls recorded inside, and frees the rest", async () => {
    const { billing, counter } = await start();
    const result = await billing.holds.withBudget({ estimatedCostUsd: "1.5" }, async () => {
      expect(await counter()).toBe("0 1.5");
      await billing.metering.record(CALL);
      expect(await counter()).toBe("0.525 0.975");
      return "done";
    });
    expect([result, await counter()]).toEqual(["done", "0.525 0"]);
    expect((await billing.verify()).differences).toEqual([]);
  });

  it("frees what it held when the work throws, and keeps what was spent", async () => {
    const { billing, counter } = await start();
    const work = billing.holds.withBudget({ estimatedCostUsd: "1.5" }, async () => {
      await billing.metering.record(CALL);
      throw new Error("the model failed");
    });
    await expect(work).rejects.toThrow("the model failed");
    expect(await counter()).toBe("0.525 0");
  });

  it("does not run the work that does not fit", async () => {
    const { billing, counter } = await start();
    let runs = 0;
    const asked = await Promise.allSettled(
      Array.from({ length: 5 }, () =>
        billing.holds.withBudget({ estimatedCostUsd: "0.8" }, async () => {
          runs += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }),
      ),
    );
    expect(asked.filter(({ status }) => status === "rejected")).toHaveLength(3);
    expect([runs, await counter()]).toEqual([2, "0 0"]);
  });
});
