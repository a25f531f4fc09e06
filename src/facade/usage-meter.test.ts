import { describe, expect, it } from "vitest";
import { reopenDefaultData, texts, useDefaultData } from "../../test/facade/default-data.ts";
import { withTenant } from "../kernel/index.ts";
import { defaultBilling } from "./default-billing.ts";
import { getUsageMeter } from "./default-meters.ts";
import type { MeteringConfig } from "./metering-config.ts";
import { UsageMeter } from "./usage-meter.ts";

const START = new Date("2025-01-01T00:00:00Z");
const DEBATE = { debateId: "debate_123", tokensIn: 10_000, tokensOut: 5_000, rounds: 3 };
const TOKENS = { tokensIn: 1_000, tokensOut: 500, provider: "openai", model: "gpt-4o" };

describe("UsageMeter", () => {
  useDefaultData();

  it("runs the specification's example to the exact cent, also after the database was reopened", async () => {
    const meter = getUsageMeter();
    await meter.start();
    await meter.recordApiCall({ resource: "debates/create" });
    await meter.recordDebate(DEBATE);
    await meter.recordTokens(TOKENS);
    const check = async () => {
      const summary = await getUsageMeter().getUsageSummary({ startDate: START, endDate: new Date() });
      expect(`Total events: ${summary.totalEvents}`).toBe("Total events: 3");
      expect(`Total cost: $${summary.totalCost}`).toBe("Total cost: $0.0476");
      expect(summary).toMatchObject({ totalTokensIn: 11_000, totalTokensOut: 5_500, flaggedEvents: 0 });
      expect(summary.countByType).toEqual({ api_call: 1, debate: 1, tokens: 1 });
      expect(texts(summary.costByType)).toEqual({ api_call: "0.0001", debate: "0.04", tokens: "0.0075" });
      expect(Object.values(texts(summary.costByDay))).toEqual(["0.0476"]);
    };
    await check();
    await meter.stop();
    await reopenDefaultData();
    await check();
  });

  it("runs the specification's testing example in memory, leaving the default database alone", async () => {
    const meter = new UsageMeter({ persistEvents: false });
    const start = new Date();
    await meter.recordApiCall({ resource: "test" });
    const events = await meter.getBillingEvents(start, new Date());
    expect(events).toMatchObject([{ type: "api_call", tenant: "default", metadata: { resource: "test" } }]);
    expect(events[0]?.costUsd.toString()).toBe("0.0001");
    expect(await getUsageMeter().getBillingEvents()).toEqual([]);
  });

  it("records every kind of usage at its price", async () => {
    const meter = new UsageMeter();
    const recorded = [
      await meter.recordStorage({ bytes: 3 * 2 ** 30, resource: "knowledge" }),
      await meter.recordConnectorSync({ connectorId: "c1" }),
      await meter.recordKnowledgeQuery({ quantity: 4 }),
      await meter.recordAgentCall({ agent: "claude", ...TOKENS, debateId: "d1" }),
      await meter.recordExport({ resource: "report.pdf" }),
      await meter.recordSsoAuth({ identityProvider: "okta" }),
    ];
    expect(recorded.map(({ type, costUsd }) => `${type} ${costUsd}`)).toEqual([
      ...["storage 0.3", "connector_sync 0.005", "knowledge_query 0.004", "agent_call 0.0075"],
      ...["export 0", "sso_auth 0"],
    ]);
    expect((await meter.getUsageSummary()).storageBytes).toBe(3 * 2 ** 30);
    const events = await meter.getBillingEvents();
    expect(events.map(({ metadata }) => metadata)).toEqual([
      { resource: "knowledge" },
      { connectorId: "c1" },
      {},
      {},
      { resource: "report.pdf" },
      { identityProvider: "okta" },
    ]);
    expect(events[3]).toMatchObject({ agent: "claude", debate: "d1", provider: "openai" });
  });

  it("counts a retry by id once", async () => {
    const meter = new UsageMeter();
    const call = { id: "retry-me", resource: "r", quantity: 2 };
    const answers = [await meter.recordApiCall(call), await meter.recordApiCall(call)];
    expect(answers.map(({ isNew, costUsd }) => [isNew, costUsd.toString()])).toEqual([
      [true, "0.0002"],
      [false, "0.0002"],
    ]);
    expect((await meter.getUsageSummary()).totalCost.toString()).toBe("0.0002");
    await expect(meter.recordApiCall({ ...call, resource: "other" })).rejects.toMatchObject({
      kind: "conflict",
      code: "event_conflict",
    });
  });

  it("names the field of a bad call by the name the caller knows", async () => {
    const meter = new UsageMeter();
    const field = (name: string) => ({ kind: "invalid_input", details: { field: name } });
    await expect(meter.recordTokens({ ...TOKENS, tokensOut: 1.5 })).rejects.toMatchObject(field("tokensOut"));
    await expect(meter.recordDebate({ ...DEBATE, rounds: -1 })).rejects.toMatchObject(field("rounds"));
    await expect(meter.recordDebate({ ...DEBATE, debateId: "a\nb" })).rejects.toMatchObject({
      ...field("debateId"),
      message: "debateId has control characters or broken Unicode",
    });
    await expect(meter.recordStorage({ bytes: -1 })).rejects.toMatchObject(field("bytes"));
    await expect(meter.recordExport({ metadata: "text" as never })).rejects.toMatchObject(field("metadata"));
    await expect(meter.getUsageSummary({ startDate: new Date(Number.NaN) })).rejects.toMatchObject(
      field("startDate"),
    );
    await expect(meter.getUsageSummary({ startDate: new Date(), endDate: START })).rejects.toMatchObject(
      field("endDate"),
    );
    expect((await meter.getUsageSummary()).totalEvents).toBe(0);
  });

  it("ends a period before its end and leaves nothing out at an end of now", async () => {
    const meter = new UsageMeter();
    const timestamp = new Date("2025-02-01T00:00:00Z");
    await meter.recordApiCall({ resource: "r", timestamp });
    const eventsOf = async (startDate: Date, endDate: Date) =>
      (await meter.getUsageSummary({ startDate, endDate })).totalEvents;
    expect(await eventsOf(START, timestamp)).toBe(0);
    expect(await eventsOf(timestamp, new Date("2025-03-01T00:00:00Z"))).toBe(1);
    for (let count = 2; count < 40; count += 1) {
      await meter.recordApiCall({ resource: "r" });
      expect(await eventsOf(START, new Date())).toBe(count);
    }
  });

  it("keeps tenants apart, named or by withTenant", async () => {
    const meter = new UsageMeter();
    await withTenant("acme", () => meter.recordApiCall({ resource: "r" }));
    await meter.recordApiCall({ resource: "r", tenant: "globex", quantity: 2 });
    const costOf = async (tenant?: string) => (await meter.getUsageSummary({ tenant })).totalCost.toString();
    expect([await costOf("acme"), await costOf("globex"), await costOf()]).toEqual(["0.0001", "0.0002", "0"]);
    const seen = await withTenant("acme", () => meter.getBillingEvents());
    expect(seen.map(({ tenant }) => tenant)).toEqual(["acme"]);
  });

  it("estimates a month over its real length", async () => {
    const meter = new UsageMeter();
    await meter.recordStorage({ bytes: 70 * 2 ** 30, timestamp: "2025-02-03T12:00:00Z" });
    await meter.recordStorage({ bytes: 2 ** 30, timestamp: "2025-02-15T00:00:00Z" });
    const estimate = async (asOf: string) =>
      (await meter.estimateMonthlyCost({ asOf: new Date(asOf) })).toString();
    expect(await estimate("2025-02-08T00:00:00Z")).toBe("28");
    expect(await estimate("2025-02-15T00:00:00Z")).toBe("14");
    expect(await estimate("2025-02-01T00:00:00Z")).toBe("0");
    await meter.recordStorage({ bytes: 2 ** 30 });
    expect((await meter.estimateMonthlyCost()).greaterThanOrEqualTo("0.1")).toBe(true);
  });

  it("waits in stop for the calls that nobody awaited", async () => {
    const meter = new UsageMeter();
    for (let count = 0; count < 20; count += 1) void meter.recordApiCall({ resource: "r" });
    await meter.stop();
    await reopenDefaultData();
    expect((await getUsageMeter().getUsageSummary()).totalEvents).toBe(20);
  });
});

describe("the prices of a MeteringConfig", () => {
  useDefaultData();

  it("are in force from the first call on, without start, and after a restart", async () => {
    const config = { apiCallCost: "0.0005", debateBaseCost: 0.02, tokenCostPer1k: "0.003" };
    for (const id of ["before", "after"]) {
      const meter = new UsageMeter(config);
      expect((await meter.recordApiCall({ resource: "r", id })).costUsd.toString()).toBe("0.0005");
      expect((await meter.recordDebate({ ...DEBATE, cachedTokens: 5_000 })).costUsd.toString()).toBe("0.065");
      await reopenDefaultData();
    }
    expect((await defaultBilling().verify()).ok).toBe(true);
  });

  it("add nothing to the book where they are in force already", async () => {
    const config: MeteringConfig = {
      ...{ apiCallCost: "0.0001", debateBaseCost: "0.01", tokenCostPer1k: "0.002" },
      ...{ storageCostPerGb: "0.10", connectorSyncCost: "0.005", knowledgeQueryCost: "0.001" },
    };
    await new UsageMeter(config).start();
    expect((await defaultBilling().pricing.list()).filter(({ layer }) => layer === "own")).toEqual([]);
  });

  it("are refused, with nothing recorded, when the database has others of its own", async () => {
    await new UsageMeter({ apiCallCost: "0.0005" }).start();
    const meter = new UsageMeter({ apiCallCost: "0.0001" });
    const refusal = { kind: "conflict", code: "price_exists", details: { field: "apiCallCost" } };
    await expect(meter.start()).rejects.toMatchObject(refusal);
    await expect(meter.recordApiCall({ resource: "r" })).rejects.toMatchObject(refusal);
    expect((await meter.getUsageSummary()).totalEvents).toBe(0);
  });

  it.each([
    [{ bufferSize: 100 }, "bufferSize", "unknown_option"],
    [{ apiCallCost: "-1" }, "apiCallCost", "negative"],
    [{ tokenCostPer1k: "free" }, "tokenCostPer1k", "invalid_amount"],
  ])("are refused in %j", (config, field, code) => {
    expect(() => new UsageMeter(config as MeteringConfig)).toThrow(
      expect.objectContaining({ code, details: { field } }),
    );
  });

  it("cannot go with an engine given as well as one of its own", () => {
    expect(() => new UsageMeter({ persistEvents: false }, defaultBilling())).toThrow("persistEvents");
  });
});
