import { afterEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { createIds, ManualClock, withTenant } from "../../kernel/index.ts";
import { open, type Store } from "../../store/index.ts";
import { MeteringService, type UsageEvent } from "../metering/index.ts";
import { PricingService } from "../pricing/index.ts";
import { AnalyticsService } from "./analytics-service.ts";
import type { Grouping } from "./usage-query.ts";
import type { UsageReport } from "./usage-report.ts";

const EVENTS: readonly UsageEvent[] = [
  { id: "1", timestamp: "2024-12-29T23:59:59.999Z", agent: "a", workspace: "w1" }, // a Sunday
  { id: "2", timestamp: "2024-12-30T00:00:00Z", agent: "a", workspace: "w2" }, // a Monday, week into 2025
  { id: "3", timestamp: "2024-12-31T23:59:59.999Z", agent: "b" },
  { id: "4", timestamp: "2025-01-01T00:00:00Z", user: "u", debate: "d" },
  { id: "5", timestamp: "2025-01-01T13:30:00Z", agent: "b", provider: "anthropic", model: "claude-sonnet-4" },
  { id: "6", timestamp: "2025-01-01T13:59:59.999Z", agent: "a", type: "debate" },
  { id: "7", timestamp: "2025-02-28T23:00:00Z", agent: "a", tenant: "other" },
];
const DEFAULTS = {
  tenant: "acme",
  provider: "openai",
  model: "gpt-4o",
  tokensIn: 1_000_000,
  tokensOut: 100_000,
};

describe.each(ENGINES)("analytics on $name", ({ freshUrl }) => {
  const opened: Store[] = [];

  async function start() {
    const store = await open(await freshUrl());
    opened.push(store);
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const metering = new MeteringService(
      { store, clock, ids: createIds(clock), pricing: new PricingService(store, clock) },
      { tenant: undefined, unknownModel: "refuse", participants: [] },
    );
    const analytics = new AnalyticsService(store, undefined);
    return { metering, analytics };
  }

  async function startFilled() {
    const parts = await start();
    const verdicts = await parts.metering.record(EVENTS.map((event) => ({ ...DEFAULTS, ...event })));
    expect(verdicts.every(({ status }) => status === "accepted")).toBe(true);
    return parts;
  }

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  const table = (report: UsageReport, ...by: Grouping[]) =>
    report.groups.map(({ key, events, costUsd }) => [
      ...by.map((part) => key[part]),
      events,
      costUsd.toString(),
    ]);

  it("groups usage by any one thing, all groups summing to the total", async () => {
    const { analytics } = await startFilled();
    const by = async (grouping: Grouping) => {
      const report = await analytics.usage({ tenant: "acme", by: [grouping] });
      expect(report.total).toMatchObject({ events: 6, inputTokens: 6_000_000, outputTokens: 600_000 });
      expect(report.total.costUsd.toString()).toBe("22"); // 5 x 3.5 + 4.5
      expect(
        report.groups
          .reduce((sum, { costUsd }) => costUsd.plus(sum), report.total.costUsd.minus(22))
          .toString(),
      ).toBe("22");
      return table(report, grouping);
    };
    expect(await by("agent")).toEqual([
      ["a", 3, "10.5"],
      ["b", 2, "8"],
      [null, 1, "3.5"],
    ]);
    expect(await by("workspace")).toEqual([
      [null, 4, "15"],
      ["w1", 1, "3.5"],
      ["w2", 1, "3.5"],
    ]);
    expect(await by("user")).toEqual([
      [null, 5, "18.5"],
      ["u", 1, "3.5"],
    ]);
    expect(await by("debate")).toEqual([
      [null, 5, "18.5"],
      ["d", 1, "3.5"],
    ]);
    expect(await by("provider")).toEqual([
      ["openai", 5, "17.5"],
      ["anthropic", 1, "4.5"],
    ]);
    expect(await by("model")).toEqual([
      ["gpt-4o", 5, "17.5"],
      ["claude-sonnet-4", 1, "4.5"],
    ]);
    expect(await by("type")).toEqual([
      ["tokens", 5, "18.5"],
      ["debate", 1, "3.5"],
    ]);
    expect(await by("tenant")).toEqual([["acme", 6, "22"]]);
    expect(await by("hour")).toEqual([
      ["2024-12-29T23:00:00.000Z", 1, "3.5"],
      ["2024-12-30T00:00:00.000Z", 1, "3.5"],
      ["2024-12-31T23:00:00.000Z", 1, "3.5"],
      ["2025-01-01T00:00:00.000Z", 1, "3.5"],
      ["2025-01-01T13:00:00.000Z", 2, "8"],
    ]);
    expect(await by("day")).toEqual([
      ["2024-12-29T00:00:00.000Z", 1, "3.5"],
      ["2024-12-30T00:00:00.000Z", 1, "3.5"],
      ["2024-12-31T00:00:00.000Z", 1, "3.5"],
      ["2025-01-01T00:00:00.000Z", 3, "11.5"],
    ]);
    expect(await by("week")).toEqual([
      ["2024-12-23T00:00:00.000Z", 1, "3.5"],
      ["2024-12-30T00:00:00.000Z", 5, "18.5"],
    ]);
    expect(await by("month")).toEqual([
      ["2024-12-01T00:00:00.000Z", 3, "10.5"],
      ["2025-01-01T00:00:00.000Z", 3, "11.5"],
    ]);
  });

  it("crosses groupings, from rollups or from events, with one result", async () => {
    const { analytics } = await startFilled();
    const report = await analytics.usageAcrossTenants({ by: ["tenant", "month", "agent"] });
    expect(table(report, "tenant", "month", "agent")).toEqual([
      ["acme", "2024-12-01T00:00:00.000Z", "a", 2, "7"],
      ["acme", "2024-12-01T00:00:00.000Z", "b", 1, "3.5"],
      ["acme", "2025-01-01T00:00:00.000Z", null, 1, "3.5"],
      ["acme", "2025-01-01T00:00:00.000Z", "a", 1, "3.5"],
      ["acme", "2025-01-01T00:00:00.000Z", "b", 1, "4.5"],
      ["other", "2025-02-01T00:00:00.000Z", "a", 1, "3.5"],
    ]);
    const crossed = await analytics.usage({ tenant: "acme", by: ["agent", "type", "hour"] });
    expect(table(crossed, "agent", "type", "hour")).toContainEqual([
      "a",
      "debate",
      "2025-01-01T13:00:00.000Z",
      1,
      "3.5",
    ]);
    expect(crossed.total.events).toBe(6);
  });

  it("holds from and leaves out to, to the millisecond", async () => {
    const { analytics } = await startFilled();
    const count = async (from: string | undefined, to: string | undefined, by: Grouping[] = []) => {
      const period = {
        from: from === undefined ? undefined : new Date(from),
        to: to === undefined ? undefined : new Date(to),
      };
      return (await analytics.usage({ tenant: "acme", ...period, by })).total.events;
    };
    expect(await count("2025-01-01T00:00:00Z", undefined)).toBe(3);
    expect(await count("2025-01-01T00:00:00.001Z", undefined)).toBe(2);
    expect(await count(undefined, "2025-01-01T00:00:00Z")).toBe(3);
    expect(await count(undefined, "2025-01-01T00:00:00.001Z", ["agent"])).toBe(4);
    expect(await count("2025-01-01T13:30:00Z", "2025-01-01T13:59:59.999Z", ["hour"])).toBe(1);
    expect(await count("2025-01-01T13:30:00Z", "2025-01-01T14:00:00Z", ["model", "agent"])).toBe(2);
    expect(await count("2024-12-29T23:59:59.999Z", "2025-01-01T13:30:00Z")).toBe(4);
    expect(await count("2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z")).toBe(0);
    expect(await count("1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z")).toBe(6);
  });

  it("answers for nothing on record with zeros", async () => {
    const { analytics } = await start();
    const report = await analytics.usage({ tenant: "acme", by: ["model"] });
    expect(report).toMatchObject({ from: null, to: null, currency: "USD", groups: [], total: { events: 0 } });
    expect(report.total.costUsd.toString()).toBe("0");
  });

  it("counts cached, cache-write and reasoning tokens within input and output", async () => {
    const { analytics, metering } = await start();
    const counts = {
      tokensIn: 100,
      cachedTokens: 30,
      cacheWriteTokens: 20,
      cacheWrite1hTokens: 5,
      tokensOut: 50,
      reasoningTokens: 10,
    };
    await metering.record({ ...DEFAULTS, ...counts, quantity: 3, webSearches: 2 });
    expect((await analytics.usage({ tenant: "acme" })).total).toMatchObject({
      ...{ events: 1, quantity: 3, webSearches: 2 },
      ...{ inputTokens: 100, cachedTokens: 30, cacheWriteTokens: 20, outputTokens: 50, reasoningTokens: 10 },
    });
  });

  it("writes small amounts as plain decimals in JSON", async () => {
    const { analytics, metering } = await start();
    await metering.record({
      ...DEFAULTS,
      model: "gpt-4o-mini",
      tokensIn: 0,
      cachedTokens: 0,
      tokensOut: 0,
      id: "z",
    });
    await metering.record({ ...DEFAULTS, model: "gpt-4o-mini", tokensIn: 1, cachedTokens: 1, tokensOut: 0 });
    const { total } = await analytics.usage({ tenant: "acme" });
    expect(JSON.parse(JSON.stringify(total)).costUsd).toBe("0.000000075");
  });

  it("counts events that were billed at a price not their own", async () => {
    const { analytics, metering } = await start();
    const known = { ...DEFAULTS, cachedTokens: 5 };
    await metering.record([
      known,
      { ...known, serviceTier: "flex" },
      { ...known, type: "storage", quantity: 1 },
    ]);
    const report = await analytics.usage({ tenant: "acme", by: ["type"] });
    expect(report.total.flaggedEvents).toBe(1);
    expect(report.groups.map(({ key, flaggedEvents }) => [key.type, flaggedEvents])).toContainEqual([
      "tokens",
      1,
    ]);
  });

  it("needs a tenant and takes it from the call or from withTenant", async () => {
    const { analytics } = await startFilled();
    await expect(analytics.usage()).rejects.toMatchObject({ code: "tenant_required" });
    await expect(analytics.usage({ tenant: "" })).rejects.toMatchObject({ code: "required" });
    expect((await withTenant("other", () => analytics.usage())).total.events).toBe(1);
  });

  it.each([
    ["an unknown grouping", { by: ["constructor"] }, "by"],
    ["SQL as a grouping", { by: ["model; DROP TABLE prices"] }, "by"],
    ["a grouping twice", { by: ["model", "model"] }, "by"],
    ["an invalid date", { from: new Date("x") }, "from"],
    ["text as a date", { to: "2025-01-01T00:00:00Z" }, "to"],
    ["an empty period", { from: new Date(5), to: new Date(5) }, "to"],
  ])("refuses %s and names it", async (_, query, field) => {
    const { analytics } = await start();
    await expect(analytics.usage({ tenant: "acme", ...(query as object) })).rejects.toMatchObject({
      kind: "invalid_input",
      details: { field },
    });
  });
});
