import { describe, expect, it } from "vitest";
import { reopenDefaultData, texts, useDefaultData } from "../../test/facade/default-data.ts";
import { withTenant } from "../kernel/index.ts";
import { getEnterpriseMeter } from "./default-meters.ts";
import { EnterpriseMeter } from "./enterprise-meter.ts";

const START = new Date("2025-01-01T00:00:00Z");
const USAGE = {
  provider: "anthropic",
  model: "claude-opus-4",
  tokensIn: 15_000,
  tokensOut: 3_000,
  tenantId: "tenant_123",
  debateId: "debate_456",
  agentId: "agent_claude",
  requestType: "debate",
  cachedTokens: 2_000,
  latencyMs: 1_250,
};

describe("EnterpriseMeter", () => {
  useDefaultData();

  it("runs the specification's example to the exact cent, also after the database was reopened", async () => {
    const meter = getEnterpriseMeter();
    await meter.initialize();
    const record = await meter.recordTokenUsage(USAGE);
    expect(record).toMatchObject({ ...USAGE, isNew: true, totalTokens: 18_000, userId: null, flags: [] });
    expect(record.totalCost.toString()).toBe("0.423");
    const check = async () => {
      const query = { tenantId: "tenant_123", startDate: START };
      const breakdown = await getEnterpriseMeter().getCostBreakdown(query);
      expect(`Total cost: $${breakdown.totalCost}`).toBe("Total cost: $0.423");
      expect(texts(breakdown.costByProvider)).toEqual({ anthropic: "0.423" });
      expect(texts(breakdown.costByModel)).toEqual({ "claude-opus-4": "0.423" });
      expect(breakdown).toMatchObject({
        totalTokensIn: 15_000,
        totalCachedTokens: 2_000,
        totalTokens: 18_000,
      });
    };
    await check();
    await reopenDefaultData();
    await check();
  });

  it("breaks a tenant's cost down by provider, model, user, type and day", async () => {
    const meter = new EnterpriseMeter();
    const gpt = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3, tenantId: "t" };
    await meter.recordTokenUsage({
      ...USAGE,
      tenantId: "t",
      userId: "u1",
      timestamp: "2025-01-01T23:59:59.999Z",
    });
    await meter.recordTokenUsage({ ...gpt, userId: "u1", timestamp: "2025-01-02T00:00:00Z" });
    await meter.recordTokenUsage({ ...gpt, timestamp: "2025-01-03T00:00:00Z" });
    const breakdown = await meter.getCostBreakdown({
      tenantId: "t",
      startDate: START,
      endDate: new Date("2025-01-03T00:00:00Z"),
    });
    expect(breakdown.totalCost.toString()).toBe("0.42300285");
    expect(texts(breakdown.costByProvider)).toEqual({ anthropic: "0.423", openai: "0.00000285" });
    expect(texts(breakdown.costByModel)).toEqual({ "claude-opus-4": "0.423", "gpt-4o-mini": "0.00000285" });
    expect(texts(breakdown.costByUser)).toEqual({ u1: "0.42300285" });
    expect(texts(breakdown.costByType)).toEqual({ tokens: "0.42300285" });
    expect(texts(breakdown.costByDay)).toEqual({ "2025-01-01": "0.423", "2025-01-02": "0.00000285" });
    expect(breakdown.averageCostPerRequest.toString()).toBe("0.211501425");
    expect(breakdown).toMatchObject({ totalRequests: 2, averageTokensPerRequest: 9_005 });
    expect(breakdown.cacheHitRate).toBe(2_000 / 15_007);
    expect(texts((await meter.getCostBreakdown({ tenantId: "t" })).costByUser)).toEqual({
      u1: "0.42300285",
      "": "0.00000285",
    });
  });

  it("breaks no usage down to zeros", async () => {
    const breakdown = await new EnterpriseMeter().getCostBreakdown({ tenantId: "nobody" });
    expect(breakdown).toMatchObject({ totalRequests: 0, averageTokensPerRequest: 0, cacheHitRate: 0 });
    expect([breakdown.totalCost, breakdown.averageCostPerRequest].join()).toBe("0,0");
  });

  it("counts a retry by id once", async () => {
    const meter = new EnterpriseMeter();
    const answers = [
      await meter.recordTokenUsage({ ...USAGE, id: "retry-me" }),
      await meter.recordTokenUsage({ ...USAGE, id: "retry-me" }),
    ];
    expect(answers.map(({ isNew, totalCost }) => `${isNew} ${totalCost}`)).toEqual([
      "true 0.423",
      "false 0.423",
    ]);
    expect((await meter.getCostBreakdown({ tenantId: "tenant_123" })).totalRequests).toBe(1);
    await expect(meter.recordTokenUsage({ ...USAGE, id: "retry-me", latencyMs: 1 })).rejects.toMatchObject({
      kind: "conflict",
    });
  });

  it("tells a model that the price book does not know", async () => {
    const record = await new EnterpriseMeter().recordTokenUsage({
      ...USAGE,
      model: "claude-next",
      cachedTokens: 0,
    });
    expect(record.flags).toEqual(["unknownModel"]);
  });

  it("throws what the engine rejects, naming the field as the caller knows it", async () => {
    const meter = new EnterpriseMeter();
    const field = (name: string) => ({ kind: "invalid_input", details: { field: name } });
    const record = (wrong: object) => meter.recordTokenUsage({ ...USAGE, ...wrong });
    await expect(record({ cachedTokens: 15_001 })).rejects.toMatchObject(field("cachedTokens"));
    await expect(record({ tokensIn: -1 })).rejects.toMatchObject(field("tokensIn"));
    await expect(record({ agentId: 7 })).rejects.toMatchObject(field("agentId"));
    await expect(record({ tenantId: "" })).rejects.toMatchObject(field("tenantId"));
    await expect(record({ cost: "1" })).rejects.toMatchObject(field("cost"));
    await expect(meter.getCostBreakdown({ endDate: "now" as never })).rejects.toMatchObject(field("endDate"));
  });

  it("takes the tenant of withTenant and shows it to no other", async () => {
    const meter = new EnterpriseMeter();
    const { tenantId: _, ...usage } = USAGE;
    const record = await withTenant("acme", () => meter.recordTokenUsage(usage));
    expect(record.tenantId).toBe("acme");
    const requests = async (tenantId?: string) => (await meter.getCostBreakdown({ tenantId })).totalRequests;
    expect([await requests("acme"), await requests("globex"), await requests()]).toEqual([1, 0, 0]);
  });
});
