import { describe, expect, it } from "vitest";
import { useDefaultData } from "../../test/facade/default-data.ts";
import { createBilling } from "../billing.ts";
import { defaultBilling, setDefaultBilling } from "./default-billing.ts";
import {
  getCostTracker,
  getEnterpriseMeter,
  getUsageMeter,
  recordBillingUsage,
  recordUsage,
} from "./default-meters.ts";
import { UsageTracker } from "./usage-tracker.ts";

const CALL = { provider: "openai", model: "gpt-4o", tokensIn: 1_000, tokensOut: 500 };

/** What each of the four classes says of a tenant: events and cost. */
async function seenByAll(tenant: string): Promise<string[]> {
  const tracker = await new UsageTracker().getSummary({ orgId: tenant });
  const meter = await getUsageMeter().getUsageSummary({ tenant });
  const enterprise = await getEnterpriseMeter().getCostBreakdown({ tenantId: tenant });
  const costs = await getCostTracker().generateReport({ tenantId: tenant });
  return [
    `${tracker.totalEvents} $${tracker.totalCostUsd}`,
    `${meter.totalEvents} $${meter.totalCost}`,
    `${enterprise.totalRequests} $${enterprise.totalCost}`,
    `${costs.totalRequests} $${costs.totalCost}`,
  ];
}

describe("the four metering classes", () => {
  useDefaultData();

  it.each([
    [
      "UsageTracker",
      (id: string) =>
        new UsageTracker().recordDebate({ ...CALL, id, orgId: "t", userId: "u", debateId: "d" }),
    ],
    ["UsageMeter", (id: string) => getUsageMeter().recordTokens({ ...CALL, id, tenant: "t" })],
    [
      "EnterpriseMeter",
      (id: string) => getEnterpriseMeter().recordTokenUsage({ ...CALL, id, tenantId: "t" }),
    ],
    ["CostTracker", (id: string) => getCostTracker().recordUsage({ ...CALL, id, tenantId: "t" })],
    ["recordUsage", (id: string) => recordUsage({ ...CALL, id, tenantId: "t" })],
    ["recordBillingUsage", (id: string) => recordBillingUsage({ ...CALL, id, tenant: "t" })],
  ])("all see what %s recorded, and a retry of it, exactly once", async (_, record) => {
    await record("e1");
    expect(await seenByAll("t")).toEqual(Array(4).fill("1 $0.0075"));
    await record("e1");
    await record("e2");
    expect(await seenByAll("t")).toEqual(Array(4).fill("2 $0.015"));
    expect(await seenByAll("other")).toEqual(Array(4).fill("0 $0"));
  });

  it("count only debates as debates, whatever tokens were used for", async () => {
    await getEnterpriseMeter().recordTokenUsage({ ...CALL, tenantId: "t", requestType: "debate" });
    expect((await new UsageTracker().getSummary({ orgId: "t" })).totalDebates).toBe(0);
  });

  it("take an event as one with an id that another class recorded", async () => {
    await getUsageMeter().recordTokens({ ...CALL, id: "shared" });
    expect(await recordUsage({ ...CALL, id: "shared" })).toMatchObject({ isNew: false });
    await expect(recordUsage({ ...CALL, id: "shared", agentName: "a" })).rejects.toMatchObject({
      kind: "conflict",
    });
  });
});

describe("the global functions", () => {
  useDefaultData();

  it("give one meter of each class, and another one for another default", async () => {
    const meters = [getUsageMeter(), getEnterpriseMeter(), getCostTracker()];
    expect([getUsageMeter(), getEnterpriseMeter(), getCostTracker()].map((m, i) => m === meters[i])).toEqual([
      ...[true, true, true],
    ]);
    const first = defaultBilling();
    setDefaultBilling(createBilling({ database: "sqlite::memory:", tenant: "elsewhere" }));
    expect(getUsageMeter()).not.toBe(meters[0]);
    await recordBillingUsage({ type: "api_call" });
    await recordUsage(CALL);
    expect((await getUsageMeter().getBillingEvents()).map(({ tenant }) => tenant)).toEqual([
      ...["elsewhere", "elsewhere"],
    ]);
    await defaultBilling().close();
    setDefaultBilling(first);
    expect(getUsageMeter()).toBe(meters[0]);
    expect(await getUsageMeter().getBillingEvents()).toEqual([]);
  });

  it("name the field of a bad event", async () => {
    await expect(recordBillingUsage({ quantity: -1 })).rejects.toMatchObject({
      details: { field: "quantity" },
    });
    await expect(recordUsage({ ...CALL, tokensIn: 0.5 })).rejects.toMatchObject({
      details: { field: "tokensIn" },
    });
  });
});
