import { createHash } from "node:crypto";
import { Decimal } from "decimal.js";
import { afterEach, describe, expect, it } from "vitest";
import {
  type Billing,
  createBilling,
  type Grouping,
  type UsageEvent,
  type UsageTotals,
} from "../src/index.ts";
import { ENGINES } from "./support/database.ts";
import {
  type CacheRule,
  eventsOf,
  pricesFor,
  TRACES,
  type TraceTruth,
  type Truth,
} from "./support/traces.ts";

const RULES: readonly CacheRule[] = ["cost_usd_ignoring_cache", "cost_usd_cached_at_10pct"];

describe.each(ENGINES.filter(({ name }) => name !== "sqlite memory"))(
  "the real traces on $name",
  ({ name, freshUrl }) => {
    let billing: Billing | undefined;

    afterEach(async () => {
      await billing?.close();
      billing = undefined;
    });

    async function start(rule: CacheRule): Promise<Billing> {
      billing = createBilling({ database: await freshUrl() });
      await billing.pricing.add(pricesFor(rule));
      return billing;
    }

    for (const trace of TRACES) {
      it.each(RULES)(`give the truth of ${trace.dataset} by every grouping (%s)`, async (rule) => {
        const engine = await start(rule);
        await recordInBatches(engine, eventsOf(trace), 5_000);
        await expectTruth(engine, trace, rule);
        expect(await engine.verify()).toEqual({ ok: true, events: trace.total.events, differences: [] });
      });
    }

    const azure = TRACES.find(({ dataset }) => dataset === "azure-2023-conv") as TraceTruth;
    const mooncake = TRACES.find(({ dataset }) => dataset === "mooncake-conv-a") as TraceTruth;

    it("give the same digits event by event, in any order", async () => {
      const engine = await start("cost_usd_cached_at_10pct");
      const events = shuffled(eventsOf(mooncake));
      for (let start = 0; start < events.length; start += 256) {
        await Promise.all(events.slice(start, start + 256).map((event) => engine.metering.record(event)));
      }
      await expectTruth(engine, mooncake, "cost_usd_cached_at_10pct");
    });

    it("count nothing twice when they are sent again, in other batches", async () => {
      const engine = await start("cost_usd_ignoring_cache");
      await recordInBatches(engine, eventsOf(azure), 1_000);
      const again = await recordInBatches(engine, shuffled(eventsOf(azure)), 777);
      expect(again).toEqual(new Map([["duplicate", azure.total.events]]));
      await expectTruth(engine, azure, "cost_usd_ignoring_cache");
    });

    it("give the flat figure where every call is one model", async () => {
      const engine = await start("cost_usd_ignoring_cache");
      await recordInBatches(
        engine,
        eventsOf(azure).map((event) => ({ ...event, provider: "openai", model: "gpt-4o-mini" })),
        5_000,
      );
      const { total } = await engine.analytics.usageAcrossTenants();
      expect(total.costUsd.toString()).toBe("5.8074795");
    });

    it("cut a period at any instant and lose nothing at the cut", async () => {
      const engine = await start("cost_usd_cached_at_10pct");
      await recordInBatches(engine, eventsOf(mooncake), 5_000);
      const cut = new Date("2025-01-06T00:12:34.567Z");
      for (const by of [
        [],
        ["model"],
        ["agent"],
        ["agent", "model"],
        ["hour"],
        ["tenant", "debate"],
      ] as Grouping[][]) {
        const before = await engine.analytics.usageAcrossTenants({ to: cut, by });
        const after = await engine.analytics.usageAcrossTenants({ from: cut, by });
        expect(before.total.events).toBeGreaterThan(0);
        expect(before.total.events + after.total.events).toBe(mooncake.total.events);
        const sum = before.total.costUsd.plus(after.total.costUsd);
        expect(sum.equals(mooncake.total.cost_usd_cached_at_10pct)).toBe(true);
      }
    });

    it("show each tenant its own usage and nobody else's", async () => {
      const engine = await start("cost_usd_ignoring_cache");
      await recordInBatches(engine, eventsOf(azure), 5_000);
      for (const [tenant, truth] of Object.entries(azure.by_tenant)) {
        for (const by of [["model"], ["debate"], ["hour"]] as Grouping[][]) {
          const report = await engine.analytics.usage({ tenant, by });
          expectTotals(report.total, truth, "cost_usd_ignoring_cache");
          for (const { key } of report.groups)
            if (key.debate) expect(key.debate.startsWith(tenant)).toBe(true);
        }
      }
      expect((await engine.analytics.usage({ tenant: "nobody" })).total.events).toBe(0);
    });

    it(`are not what binary floats make of them (${name})`, () => {
      let float = 0;
      for (const event of eventsOf(azure))
        float += ((event.tokensIn ?? 0) * 0.15 + (event.tokensOut ?? 0) * 0.6) / 1e6;
      expect(float).not.toBe(5.8074795);
      expect(float).toBeCloseTo(5.8074795, 6);
    });
  },
);

async function recordInBatches(
  billing: Billing,
  events: readonly UsageEvent[],
  size: number,
): Promise<Map<string, number>> {
  const statuses = new Map<string, number>();
  for (let start = 0; start < events.length; start += size) {
    for (const { status } of await billing.metering.record(events.slice(start, start + size))) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  return statuses;
}

async function expectTruth(billing: Billing, trace: TraceTruth, rule: CacheRule): Promise<void> {
  const groups = async (...by: Grouping[]) => {
    const report = await billing.analytics.usageAcrossTenants({ by });
    expectTotals(report.total, trace.total, rule);
    const sum = report.groups.reduce((cost, group) => cost.plus(group.costUsd), new Decimal(0));
    expect(sum.equals(report.total.costUsd)).toBe(true);
    return report.groups.map((group) => ({ name: by.map((part) => group.key[part]).join("|"), ...group }));
  };
  const expectGroups = async (
    expected: Readonly<Record<string, Truth>> | undefined,
    by: Grouping[],
    rename = (key: string) => key,
  ) => {
    if (expected === undefined) return;
    const found = new Map((await groups(...by)).map((group) => [rename(group.name), group]));
    expect([...found.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [key, truth] of Object.entries(expected))
      expectTotals(found.get(key) as UsageTotals, truth, rule);
  };
  await expectGroups(trace.by_tenant, ["tenant"]);
  await expectGroups(trace.by_model, ["model"]);
  await expectGroups(trace.by_provider, ["provider"]);
  await expectGroups(trace.by_agent, ["agent"]);
  await expectGroups(trace.by_tenant_model, ["tenant", "model"]);
  await expectGroups(trace.by_day, ["day"], (key) => key.slice(0, 10));
  await expectGroups(trace.by_tenant_month, ["tenant", "month"], (key) => key.replace(/-01T.*$/, ""));
  await expectGroups(trace.by_hour, ["hour"], hourName(trace));

  const debates = await groups("debate");
  expect(debates).toHaveLength(trace.debates);
  for (const [debate, truth] of Object.entries(trace.top_10_debates_by_cost_ignoring_cache)) {
    expectTotals(debates.find(({ name }) => name === debate) as UsageTotals, truth, rule);
  }
  // Crossings that only the events know must agree with the rollups.
  expect(sumOf(await groups("debate", "model", "agent"))).toBe(sumOf(debates));
  if (rule === "cost_usd_ignoring_cache") {
    const lines = debates.map(({ name, costUsd }) => `${name},${costUsd.toFixed(9)}`).sort();
    expect(createHash("sha256").update(lines.join("\n")).digest("hex")).toBe(trace.by_debate_sha256);
    for (const [key, cost] of Object.entries(trace.by_tenant_day_cost_ignoring_cache ?? {})) {
      const [tenant, day] = key.split("|");
      const from = new Date(`${day}T00:00:00Z`);
      const report = await billing.analytics.usage({
        tenant,
        from,
        to: new Date(from.getTime() + 86_400_000),
      });
      expect(report.total.costUsd.equals(cost)).toBe(true);
    }
  }
}

/** The truth's hours are written with or without the rest of an instant. */
function hourName(trace: TraceTruth): (key: string) => string {
  const length = Object.keys(trace.by_hour ?? {})[0]?.length ?? 0;
  return (key) => key.slice(0, length);
}

function expectTotals(found: UsageTotals, truth: Truth, rule: CacheRule): void {
  expect({
    events: found.events,
    input_tokens: found.inputTokens,
    cached_tokens: found.cachedTokens,
    output_tokens: found.outputTokens,
    cost: found.costUsd.toFixed(9),
  }).toEqual({
    events: truth.events,
    input_tokens: truth.input_tokens,
    cached_tokens: truth.cached_tokens,
    output_tokens: truth.output_tokens,
    cost: truth[rule],
  });
  expect(found.costUsd.equals(truth[rule])).toBe(true);
}

function sumOf(groups: readonly UsageTotals[]): string {
  return groups.reduce((sum, { costUsd }) => sum.plus(costUsd), new Decimal(0)).toString();
}

/** The same disorder every time. */
function shuffled<T>(items: readonly T[]): T[] {
  const list = [...items];
  let seed = 42;
  for (let index = list.length - 1; index > 0; index -= 1) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const other = seed % (index + 1);
    [list[index], list[other]] = [list[other] as T, list[index] as T];
  }
  return list;
}
