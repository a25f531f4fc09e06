import { describe, expect, it } from "vitest";
import { reopenDefaultData, texts, useDefaultData } from "../../test/facade/default-data.ts";
import { usdToDecimal, withTenant } from "../kernel/index.ts";
import { CostGranularity } from "./cost-report.ts";
import { CostTracker } from "./cost-tracker.ts";
import { getCostTracker, recordUsage } from "./default-meters.ts";

const USAGE = {
  workspaceId: "ws_123",
  agentName: "claude",
  provider: "anthropic",
  model: "claude-opus-4",
  tokensIn: 10_000,
  tokensOut: 5_000,
  debateId: "debate_789",
};
const MINI = {
  ...USAGE,
  agentName: "gpt",
  provider: "openai",
  model: "gpt-4o-mini",
  tokensIn: 7,
  tokensOut: 3,
};

describe("CostTracker", () => {
  useDefaultData();

  it("runs the recording and the report of the specification's example, also after a restart", async () => {
    const usage = await recordUsage(USAGE);
    expect(usage).toMatchObject({ type: "tokens", isNew: true });
    expect(usage.costUsd.toString()).toBe("0.525");
    const check = async () => {
      const query = { workspaceId: "ws_123", granularity: CostGranularity.DAILY };
      const report = await getCostTracker().generateReport(query);
      expect(report.totalCost.toString()).toBe("0.525");
      expect(report.costOverTime.map((point) => point.totalCost.toString())).toEqual(["0.525"]);
      expect(report.topAgents).toMatchObject([{ name: "claude", totalRequests: 1, totalTokensIn: 10_000 }]);
      expect(report.topModels).toMatchObject([{ name: "claude-opus-4", totalTokensOut: 5_000 }]);
      expect(texts(report.costByProvider)).toEqual({ anthropic: "0.525" });
    };
    await check();
    await reopenDefaultData();
    await check();
  });

  it("sums hours, days, weeks and months to the same total, and leaves other workspaces out", async () => {
    const tracker = new CostTracker();
    // Friday, Saturday, Sunday and Monday, over the turn of a month.
    for (const timestamp of [
      "2025-01-31T23:59:59.999Z",
      "2025-02-01T00:00:00Z",
      "2025-02-01T00:59:00Z",
      "2025-02-02T12:00:00Z",
      "2025-02-03T00:00:00Z",
    ]) {
      await tracker.record({ ...USAGE, timestamp });
      await tracker.record({ ...MINI, timestamp });
      await tracker.record({ ...USAGE, timestamp, workspaceId: "ws_other" });
      await tracker.record({ ...USAGE, timestamp, workspaceId: undefined });
    }
    const [start, end] = [new Date("2025-02-01T00:00:00Z"), new Date("2025-02-03T00:00:00Z")];
    const seriesOf = async (granularity: CostGranularity, period = {}) => {
      const report = await tracker.generateReport({ workspaceId: "ws_123", granularity, ...period });
      const sum = report.costOverTime.reduce((total, point) => total.plus(point.totalCost), usdToDecimal(0n));
      expect(sum.toString()).toBe(report.totalCost.toString());
      return [
        report.totalCost.toString(),
        ...report.costOverTime.map(
          (point) => `${point.start.toISOString().slice(0, 13)} ${point.totalRequests}`,
        ),
      ];
    };
    expect(await seriesOf(CostGranularity.HOURLY)).toEqual([
      "2.62501425",
      ...["2025-01-31T23 2", "2025-02-01T00 4", "2025-02-02T12 2", "2025-02-03T00 2"],
    ]);
    expect(await seriesOf(CostGranularity.DAILY)).toEqual([
      "2.62501425",
      ...["2025-01-31T00 2", "2025-02-01T00 4", "2025-02-02T00 2", "2025-02-03T00 2"],
    ]);
    expect(await seriesOf(CostGranularity.WEEKLY)).toEqual([
      "2.62501425",
      "2025-01-27T00 8",
      "2025-02-03T00 2",
    ]);
    expect(await seriesOf(CostGranularity.MONTHLY)).toEqual([
      "2.62501425",
      "2025-01-01T00 2",
      "2025-02-01T00 8",
    ]);
    expect(await seriesOf(CostGranularity.MONTHLY, { start, end })).toEqual([
      "1.57500855",
      "2025-02-01T00 6",
    ]);
    expect((await tracker.generateReport({ start, end })).totalCost.toString()).toBe("4.72500855");
  });

  it("names the ten agents that cost most, the most expensive first", async () => {
    const tracker = new CostTracker();
    for (let count = 1; count <= 12; count += 1) {
      await tracker.record({ ...MINI, agentName: `agent ${count}`, tokensIn: count });
    }
    const { topAgents } = await tracker.generateReport({ workspaceId: "ws_123" });
    expect(topAgents.map(({ name }) => name)).toEqual(
      [12, 11, 10, 9, 8, 7, 6, 5, 4, 3].map((n) => `agent ${n}`),
    );
  });

  it("tells what a workspace used, and by whom", async () => {
    const tracker = new CostTracker();
    await tracker.record(USAGE);
    await tracker.record({ ...MINI, agentName: undefined });
    await tracker.record({ ...USAGE, workspaceId: "ws_other" });
    const stats = await tracker.getWorkspaceStats("ws_123");
    expect(stats).toMatchObject({ totalRequests: 2, totalTokensIn: 10_007, totalTokensOut: 5_003 });
    expect(stats.totalCost.toString()).toBe("0.52500285");
    expect(texts(stats.costByAgent)).toEqual({ claude: "0.525", "": "0.00000285" });
    expect(texts(stats.costByModel)).toEqual({ "claude-opus-4": "0.525", "gpt-4o-mini": "0.00000285" });
    expect(texts(stats.costByProvider)).toEqual({ anthropic: "0.525", openai: "0.00000285" });
    expect((await tracker.getWorkspaceStats("ws_none")).totalCost.toString()).toBe("0");
  });

  it("bills cached tokens at their own price, once", async () => {
    const usage = await new CostTracker().record({ ...USAGE, cachedTokens: 10_000 });
    expect(usage.costUsd.toString()).toBe("0.39");
  });

  it("counts a retry by id once", async () => {
    const tracker = new CostTracker();
    const usage = { ...USAGE, id: "retry-me", operation: "propose", sessionId: "s", latencyMs: 9 };
    const answers = [await tracker.record(usage), await tracker.recordUsage(usage)];
    expect(answers.map(({ isNew, costUsd }) => `${isNew} ${costUsd}`)).toEqual(["true 0.525", "false 0.525"]);
    expect((await tracker.getWorkspaceStats("ws_123")).totalRequests).toBe(1);
    await expect(tracker.record({ ...usage, operation: "vote" })).rejects.toMatchObject({ kind: "conflict" });
  });

  it("throws what is wrong, naming the field as the caller knows it", async () => {
    const tracker = new CostTracker();
    const field = (name: string) => ({ kind: "invalid_input", details: { field: name } });
    const record = (wrong: object) => tracker.record({ ...USAGE, ...wrong });
    await expect(record({ tokensIn: "10" })).rejects.toMatchObject(field("tokensIn"));
    await expect(record({ workspaceId: 5 })).rejects.toMatchObject(field("workspaceId"));
    await expect(record({ agentName: "a\u0000" })).rejects.toMatchObject(field("agentName"));
    await expect(tracker.getWorkspaceStats("")).rejects.toMatchObject(field("workspaceId"));
    await expect(tracker.getWorkspaceStats(undefined as never)).rejects.toMatchObject(field("workspaceId"));
    const report = (wrong: object) => tracker.generateReport({ workspaceId: "ws_123", ...wrong });
    await expect(report({ granularity: "yearly" })).rejects.toMatchObject(field("granularity"));
    await expect(report({ start: new Date(), end: new Date(0) })).rejects.toMatchObject(field("end"));
  });

  it("takes a workspace as a dimension: the same name under two tenants is two workspaces", async () => {
    const tracker = new CostTracker();
    await withTenant("acme", () => tracker.record(USAGE));
    await tracker.record({ ...USAGE, tenantId: "globex", tokensOut: 0 });
    const costOf = async (tenantId?: string) =>
      (await tracker.getWorkspaceStats("ws_123", { tenantId })).totalCost.toString();
    expect([await costOf("acme"), await costOf("globex"), await costOf()]).toEqual(["0.525", "0.15", "0"]);
    const report = await withTenant("acme", () => tracker.generateReport({ workspaceId: "ws_123" }));
    expect(report.totalRequests).toBe(1);
  });
});
