import { afterEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { type Billing, createBilling } from "../../billing.ts";
import { ManualClock, parseUsd, withTenant } from "../../kernel/index.ts";
import { open, type Reader, type Store } from "../../store/index.ts";
import type { UsageEvent } from "../metering/index.ts";
import { RECONCILIATION_GROUPINGS, type ReconciliationGrouping } from "./reconciliation-query.ts";
import type { Reconciliation, ReconciliationTotals } from "./reconciliation-report.ts";
import { sumReconciled, sumReconciledAcrossTenants } from "./reconciliation-store.ts";

/** Pico-USD per token, as the shipped book has them: input, read from the cache, output. */
const PRICES: Readonly<Record<string, { provider: string; input: bigint; cached: bigint; output: bigint }>> =
  {
    "gpt-4o-mini": { provider: "openai", input: 150_000n, cached: 75_000n, output: 600_000n },
    "claude-sonnet-4": { provider: "anthropic", input: 3_000_000n, cached: 300_000n, output: 15_000_000n },
  };
const JUNE = Date.UTC(2025, 5, 1);
const HOUR = 3_600_000;

interface Call {
  readonly id: string;
  readonly tenant: string;
  readonly ts: number;
  readonly model: string;
  readonly tokensIn: number;
  readonly cachedTokens: number;
  readonly tokensOut: number;
  readonly providerCostUsd?: string;
}

/** Numbers below `limit`, the same in every run. */
function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

function calls(count: number, seed: number): Call[] {
  const roll = dice(seed);
  return Array.from({ length: count }, (_, index) => {
    const tokensIn = roll(90_000) + 1;
    return {
      id: `call-${index}`,
      tenant: ["acme", "globex"][roll(2)] as string,
      ts: JUNE + roll(96) * HOUR + roll(HOUR),
      model: Object.keys(PRICES)[roll(2)] as string,
      ...{ tokensIn, cachedTokens: roll(tokensIn), tokensOut: roll(5_000) },
      ...(roll(3) > 0 && { providerCostUsd: `${roll(3)}.${String(roll(1_000_000_007)).padStart(12, "0")}` }),
    };
  });
}

function eventOf({ ts, ...call }: Call): UsageEvent {
  return { ...call, provider: PRICES[call.model]?.provider, timestamp: new Date(ts) };
}

function costOf({ model, tokensIn, cachedTokens, tokensOut }: Call): bigint {
  const { input, cached, output } = PRICES[model] as (typeof PRICES)[string];
  return BigInt(tokensIn - cachedTokens) * input + BigInt(cachedTokens) * cached + BigInt(tokensOut) * output;
}

function keyPart(call: Call, grouping: ReconciliationGrouping): string | null {
  if (grouping === "provider") return PRICES[call.model]?.provider ?? null;
  if (grouping === "day") return `${new Date(call.ts).toISOString().slice(0, 10)}T00:00:00.000Z`;
  return call[grouping];
}

type Expected = readonly [events: number, reconciled: number, ours: bigint, providers: bigint];

function expectedOf(list: readonly Call[]): Expected {
  const reconciled = list.filter(({ providerCostUsd }) => providerCostUsd !== undefined);
  return [
    list.length,
    reconciled.length,
    reconciled.reduce((sum, call) => sum + costOf(call), 0n),
    reconciled.reduce((sum, { providerCostUsd }) => sum + parseUsd(providerCostUsd ?? "", "cost"), 0n),
  ];
}

function foundIn(totals: ReconciliationTotals): Expected {
  const { events, reconciledEvents, costUsd, providerCostUsd, differenceUsd } = totals;
  const [ours, providers] = [parseUsd(costUsd, "ours"), parseUsd(providerCostUsd, "theirs")];
  expect(parseUsd(differenceUsd, "difference")).toBe(ours - providers);
  return [events, reconciledEvents, ours, providers];
}

/** Compares a report with what the calls of the period sum to. */
function check(report: Reconciliation, list: readonly Call[], by: readonly ReconciliationGrouping[]): void {
  const groups = new Map<string, Call[]>();
  for (const call of by.length === 0 ? [] : list) {
    const key = JSON.stringify(by.map((grouping) => keyPart(call, grouping)));
    groups.set(key, [...(groups.get(key) ?? []), call]);
  }
  expect(foundIn(report.total)).toEqual(expectedOf(list));
  const found = report.groups.map((group) => [
    JSON.stringify(by.map((grouping) => group.key[grouping])),
    foundIn(group),
  ]);
  expect(new Map(found as [string, Expected][])).toEqual(
    new Map([...groups].map(([key, members]) => [key, expectedOf(members)])),
  );
}

/** A reader that asks the database how it would answer. */
function explaining(reader: Reader): Reader {
  const prefix = reader.dialect === "sqlite" ? "EXPLAIN QUERY PLAN" : "EXPLAIN";
  const all: Reader["all"] = (sql, values) => reader.all(`${prefix} ${sql}`, values);
  return { dialect: reader.dialect, all, get: reader.get.bind(reader) };
}

describe.each(ENGINES)("a reconciliation on $name", ({ freshUrl }) => {
  const opened: (Billing | Store)[] = [];

  async function start(list: readonly UsageEvent[] = []): Promise<Billing> {
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const billing = createBilling({ database: await freshUrl(), clock, unknownModel: "refuse" });
    opened.push(billing);
    const verdicts = await billing.metering.record(list);
    expect(verdicts.every(({ status }) => status === "accepted")).toBe(true);
    return billing;
  }

  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  it("equals a computation of its own by every grouping, after corrections of every kind", async () => {
    const list = calls(400, 7);
    const billing = await start(list.map(eventOf));
    const roll = dice(11);
    const present = new Map(list.map((call) => [call.id, call]));
    for (const call of list.filter((_, index) => index % 5 === 0)) {
      const { id, tenant } = call;
      const values = [
        { tokensOut: roll(9_000) },
        { providerCostUsd: `0.${String(roll(999_999_937)).padStart(12, "0")}` },
        { model: "gpt-4o-mini", provider: "openai" },
        { timestamp: new Date(call.ts + 26 * HOUR) },
        null,
      ][roll(5)] as (Partial<Call> & { timestamp?: Date }) | null;
      await billing.metering.correct(id, values, "the log says otherwise", { tenant });
      if (values === null) present.delete(id);
      else {
        const { timestamp, ...rest } = values;
        present.set(id, { ...call, ...rest, ts: timestamp?.getTime() ?? call.ts });
      }
    }
    const all = [...present.values()];
    const groupings = [
      [],
      ...RECONCILIATION_GROUPINGS.map((grouping) => [grouping]),
      ["day", "tenant", "provider", "model"] as const,
    ];
    for (const by of groupings) {
      check(await billing.analytics.reconcileAcrossTenants({ by }), all, by);
      for (const tenant of ["acme", "globex"]) {
        const own = all.filter((call) => call.tenant === tenant);
        check(await billing.analytics.reconcile({ tenant, by }), own, by);
      }
    }
  });

  it("follows a re-rating on our side only", async () => {
    const list = calls(40, 13);
    const billing = await start(list.map(eventOf));
    const before = (await billing.analytics.reconcileAcrossTenants()).total;
    await billing.pricing.addRules([{ appliesTo: "cost", percent: "-50" }]);
    const period = { from: new Date(JUNE), to: new Date(JUNE + 96 * HOUR) };
    await billing.metering.rerate(period, { reason: "half the price" });
    const after = (await billing.analytics.reconcileAcrossTenants()).total;
    const [events, reconciled, ours, providers] = foundIn(before);
    expect(foundIn(after)).toEqual([events, reconciled, ours / 2n, providers]);
  });

  it("holds from and leaves out to, to the millisecond", async () => {
    const list = calls(200, 3);
    const billing = await start(list.map(eventOf));
    const times = list.map(({ ts }) => ts).sort((a, b) => a - b);
    const [early, middle, late] = [times[20], times[90], times[91]] as [number, number, number];
    const periods = [
      [early, late],
      [early, middle],
      [middle, late],
      [JUNE + 24 * HOUR, JUNE + 48 * HOUR],
      [JUNE - HOUR, JUNE + 24 * HOUR + 1],
      [Date.UTC(2030), Date.UTC(2031)],
    ] as const;
    for (const [from, to] of periods) {
      const inside = list.filter(({ ts }) => ts >= from && ts < to);
      const query = { from: new Date(from), to: new Date(to), by: ["model"] as const };
      check(await billing.analytics.reconcileAcrossTenants(query), inside, ["model"]);
      const own = inside.filter(({ tenant }) => tenant === "acme");
      const report = await billing.analytics.reconcile({ ...query, tenant: "acme" });
      check(report, own, ["model"]);
      expect([report.from, report.to]).toEqual([new Date(from), new Date(to)]);
    }
  });

  it("rounds the capture rate half up to 6 digits, and has none where the provider charged nothing", async () => {
    const call = { tenant: "acme", timestamp: "2025-06-01T00:00:00Z", tokensOut: 1 };
    const costs = [
      ["openai", "gpt-4o-mini", "0.0000009"], // 0.6 / 0.9
      ["openai", "gpt-4o", "0.00001"], // 10 / 10
      ["anthropic", "claude-sonnet-4", "0"],
      ["google", "gemini-pro", undefined],
      ["deepseek", "deepseek-v3", "0.0000000875"], // 0.28 / 0.0875
    ] as const;
    const billing = await start(
      costs.map(([provider, model, providerCostUsd]) => ({
        ...call,
        ...{ id: model, provider, model, providerCostUsd },
      })),
    );
    const { groups, total } = await billing.analytics.reconcile({ tenant: "acme", by: ["model"] });
    const shown = groups.map(({ key, events, reconciledEvents, differenceUsd, captureRate }) => [
      ...[key.model, events, reconciledEvents, differenceUsd.toFixed(), captureRate],
    ]);
    expect(shown).toEqual([
      ["gpt-4o", 1, 1, "0", "1"],
      ["gpt-4o-mini", 1, 1, "-0.0000003", "0.666667"],
      ["deepseek-v3", 1, 1, "0.0000001925", "3.2"],
      ["claude-sonnet-4", 1, 1, "0.000015", null],
      ["gemini-pro", 1, 0, "0", null],
    ]);
    expect([total.events, total.reconciledEvents]).toEqual([5, 4]);
  });

  it("shows a tenant nothing of another one, and needs a tenant", async () => {
    const billing = await start(calls(50, 5).map(eventOf));
    const { total } = await billing.analytics.reconcile({ tenant: "nobody" });
    expect([total.events, total.reconciledEvents, total.providerCostUsd.toFixed()]).toEqual([0, 0, "0"]);
    await expect(billing.analytics.reconcile()).rejects.toMatchObject({ code: "tenant_required" });
    const inside = await withTenant("acme", () => billing.analytics.reconcile({ by: ["tenant"] }));
    expect(inside.groups.map(({ key }) => key.tenant)).toEqual(["acme"]);
  });

  it("orders days in time and all else by the provider's cost, and is empty without events", async () => {
    const empty = await start();
    const nothing = await empty.analytics.reconcileAcrossTenants({ by: ["model"] });
    expect(nothing).toMatchObject({ from: null, to: null, currency: "USD", groups: [] });
    expect(nothing.total).toMatchObject({ events: 0, reconciledEvents: 0, captureRate: null });
    const billing = await start(calls(60, 9).map(eventOf));
    const days = (await billing.analytics.reconcileAcrossTenants({ by: ["model", "day"] })).groups;
    const names = days.map(({ key }) => `${key.model} ${key.day}`);
    expect(names).toEqual([...names].sort());
    const models = (await billing.analytics.reconcileAcrossTenants({ by: ["tenant", "model"] })).groups;
    const costs = models.map(({ providerCostUsd }) => providerCostUsd.toNumber());
    expect(costs).toEqual([...costs].sort((a, b) => b - a));
  });

  it("reads the events that carry a provider's cost through their index, and a tenant's day by day", async () => {
    const url = await freshUrl();
    if (url === "sqlite::memory:") return;
    const billing = createBilling({ database: url, clock: new ManualClock("2026-01-01T00:00:00Z") });
    opened.push(billing);
    await billing.metering.record(
      calls(3_000, 2).map((call, index) => {
        const { providerCostUsd = "1", ...event } = eventOf(call);
        return index % 100 === 0 ? { ...event, providerCostUsd } : event;
      }),
    );
    const store = await open(url);
    opened.push(store);
    const textOf = (rows: readonly object[]) => rows.map((row) => Object.values(row).join(" ")).join("\n");
    await store.transaction((tx) => tx.run("ANALYZE"));
    const day = JUNE / (24 * HOUR);
    const range = { days: { first: day, last: day + 3 }, from: JUNE, to: JUNE + 96 * HOUR };
    const plans = await store.read(async (reader) => [
      textOf(await sumReconciled("acme", range, ["model"], explaining(reader))),
      textOf(await sumReconciledAcrossTenants(range, ["model"], explaining(reader))),
    ]);
    for (const plan of plans) expect(plan).toContain("usage_events_reconciled");
    expect(plans[0]).toMatch(/day=\? AND tenant=\?|tenant = 'acme'/);
    expect(plans.join()).not.toMatch(/usage_events_by_day|Seq Scan on usage_events|SCAN r(?! USING)/);
  });

  it.each([
    ["a grouping of usage that costs are not kept by", { by: ["user"] }, "by", /use any of tenant, provider/],
    ["SQL as a grouping", { by: ["model; DROP TABLE prices"] }, "by", /is no grouping/],
    ["a grouping twice", { by: ["model", "model"] }, "by", /twice/],
    ["an invalid date", { from: new Date("x") }, "from", /valid Date/],
    ["an empty period", { from: new Date(5), to: new Date(5) }, "to", /after from/],
  ])("refuses %s and names it", async (_, query, field, message) => {
    const billing = await start();
    const attempt = billing.analytics.reconcile({ tenant: "acme", ...(query as object) });
    await expect(attempt).rejects.toMatchObject({ kind: "invalid_input", details: { field } });
    await expect(attempt).rejects.toThrow(message);
  });
});
