import { afterEach, describe, expect, it } from "vitest";
import { ENGINES, freshPostgresUrl, freshSqliteUrl } from "../../../test/support/database.ts";
import { type Billing, createBilling } from "../../billing.ts";
import { ManualClock } from "../../kernel/index.ts";
import type { UsageEvent } from "../metering/index.ts";
import type { PriceRuleInput } from "./index.ts";

const MARKUP: PriceRuleInput = { tenant: "acme", percent: "20" };
/** 1,000 x $2.50 + 100 x $10 per 1M tokens: $0.0035. */
const CALL: UsageEvent = {
  tenant: "acme",
  timestamp: "2025-06-01T12:00:00Z",
  provider: "openai",
  model: "gpt-4o",
  debate: "d",
  tokensIn: 1_000,
  tokensOut: 100,
};

const opened: Billing[] = [];

function billingAt(database: string): Billing {
  const billing = createBilling({ database, clock: new ManualClock("2026-01-01T00:00:00Z") });
  opened.push(billing);
  return billing;
}

async function billOf(billing: Billing, tenant = "acme") {
  const { total } = await billing.analytics.usage({ tenant });
  return [total.costUsd.toFixed(), total.chargeUsd.toFixed()];
}

afterEach(async () => {
  for (const billing of opened.splice(0)) {
    expect((await billing.verify()).differences).toEqual([]);
    await billing.close();
  }
});

describe.each(ENGINES)("price rules on $name", ({ freshUrl }) => {
  const start = async () => billingAt(await freshUrl());

  it("are added once, however often and however they are written", async () => {
    const { pricing } = await start();
    expect(await pricing.addRules([MARKUP])).toEqual({ added: 1, unchanged: 0 });
    expect(await pricing.addRules([{ ...MARKUP, percent: "20.0", appliesTo: "charge" }])).toEqual({
      added: 0,
      unchanged: 1,
    });
    const [rule, ...others] = await pricing.rules();
    expect(others).toEqual([]);
    expect(rule).toEqual({ id: rule?.id, appliesTo: "charge", tenant: "acme", percent: "20" });
    expect(rule?.id).toMatch(/^rule_[0-9a-f]{12}$/);
  });

  it("are refused beside another one of the same place and instant, and added all or none", async () => {
    const { pricing } = await start();
    await pricing.addRules([MARKUP]);
    const refused = pricing.addRules([
      { tenant: "beta", percent: "5" },
      { ...MARKUP, percent: "21" },
    ]);
    await expect(refused).rejects.toMatchObject({
      ...{ kind: "conflict", code: "price_rule_exists", details: { field: "effectiveFrom" } },
    });
    expect(await pricing.rules()).toHaveLength(1);
    const elsewhere: PriceRuleInput[] = [
      { ...MARKUP, percent: "21", effectiveFrom: "2025-07-01T00:00:00Z" },
      { ...MARKUP, percent: "21", provider: "openai" },
      { ...MARKUP, percent: "21", provider: "openai", model: "gpt-4o" },
      { ...MARKUP, percent: "21", appliesTo: "cost" },
      { percent: "21" },
    ];
    expect(await pricing.addRules(elsewhere)).toEqual({ added: 5, unchanged: 0 });
  });

  it("are refused whole when one of them is none, naming it", async () => {
    const { pricing } = await start();
    const refused = pricing.addRules([MARKUP, { tenant: "acme" }]);
    await expect(refused).rejects.toMatchObject({ code: "invalid_rule", details: { field: "rules[1]" } });
    expect(await pricing.rules()).toEqual([]);
  });

  it("survive that everybody adds the same and different ones at once", async () => {
    const { pricing } = await start();
    const answers = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => pricing.addRules([{ ...MARKUP, percent: `${index % 3}` }])),
    );
    const added = answers.map((answer) => (answer.status === "fulfilled" ? answer.value.added : 0));
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  });

  it("keep cost and charge apart on the event and in every report", async () => {
    const billing = await start();
    await billing.pricing.addRules([
      MARKUP,
      { appliesTo: "cost", provider: "openai", percent: "-10", note: "contract" },
      { tenant: "own-keys", none: true, feePerCall: "0.002" },
      { percent: "50" },
    ]);
    const calls = ["acme", "beta", "own-keys"].flatMap((tenant) => [
      { ...CALL, tenant },
      { ...CALL, tenant, timestamp: "2025-06-02T00:00:00Z", model: "gpt-4o-mini", debate: undefined },
    ]);
    await billing.metering.record(calls);

    // gpt-4o: $0.0035 - 10 %; gpt-4o-mini: 1,000 x $0.15 + 100 x $0.60 per 1M = $0.00021, - 10 %.
    const events: unknown[] = [];
    for await (const event of billing.metering.events({ tenant: "acme" })) {
      expect(event.price).toMatch(/^rule_\w+\*price_\w+$/);
      expect(event.chargePrice).toMatch(/^rule_\w+\*rule_\w+\*price_\w+$/);
      events.push([event.costUsd.toFixed(), event.chargeUsd.toFixed()]);
    }
    expect(events).toEqual([
      ["0.00315", "0.00378"],
      ["0.000189", "0.0002268"],
    ]);

    const { groups } = await billing.analytics.usageAcrossTenants({ by: ["tenant"] });
    expect(
      groups
        .map(({ key, costUsd, chargeUsd }) => [key.tenant, costUsd.toFixed(), chargeUsd.toFixed()])
        .sort(),
    ).toEqual([
      ["acme", "0.003339", "0.0040068"],
      ["beta", "0.003339", "0.0050085"],
      ["own-keys", "0.003339", "0.004"],
    ]);
    const by = async (grouping: "model" | "day" | "debate" | "type") => {
      const report = await billing.analytics.usage({ tenant: "acme", by: [grouping] });
      return report.groups.map(({ key, chargeUsd }) => [key[grouping], chargeUsd.toFixed()]);
    };
    expect(await by("model")).toEqual([
      ["gpt-4o", "0.00378"],
      ["gpt-4o-mini", "0.0002268"],
    ]);
    expect(await by("day")).toEqual([
      ["2025-06-01T00:00:00.000Z", "0.00378"],
      ["2025-06-02T00:00:00.000Z", "0.0002268"],
    ]);
    expect(await by("debate")).toEqual([
      ["d", "0.00378"],
      [null, "0.0002268"],
    ]);
    expect(await by("type")).toEqual([["tokens", "0.0040068"]]);
  });

  it("that come later leave what is on record, and apply to what comes after, by its own time", async () => {
    const billing = await start();
    await billing.metering.record({ ...CALL, id: "before" });
    await billing.pricing.addRules([MARKUP]);
    expect(await billOf(billing)).toEqual(["0.0035", "0.0035"]);
    expect((await billing.metering.record({ ...CALL, id: "before" })).status).toBe("duplicate");
    await billing.metering.record({ ...CALL, id: "after" });
    expect(await billOf(billing)).toEqual(["0.007", "0.0077"]);
    await billing.pricing.addRules([
      { ...MARKUP, percent: "100", effectiveFrom: "2025-06-01T12:00:00.001Z" },
    ]);
    await billing.metering.record({ ...CALL, id: "of its time" });
    expect(await billOf(billing)).toEqual(["0.0105", "0.0119"]);
  });

  it("are shown to a tenant only if they are its own or everybody's, the latest first", async () => {
    const { pricing } = await start();
    await pricing.addRules([
      { ...MARKUP, note: "acme's" },
      { percent: "1", note: "everybody's", effectiveFrom: "2025-01-01T00:00:00Z" },
      { tenant: "beta", percent: "2", note: "beta's" },
    ]);
    const notes = async (tenant?: string) => (await pricing.rules(tenant)).map(({ note }) => note);
    expect(await notes("acme")).toEqual(["everybody's", "acme's"]);
    expect(await notes("beta")).toEqual(["everybody's", "beta's"]);
    expect(await notes("gamma")).toEqual(["everybody's"]);
    expect((await notes()).sort()).toEqual(["acme's", "beta's", "everybody's"]);
  });

  it("read back as they are listed give the same rules", async () => {
    const { pricing } = await start();
    await pricing.addRules([
      {
        ...{ tenant: "acme", provider: "OpenAI", model: "gpt-4o", feePerCall: "0.001", note: "n" },
        prices: { input: "3.00", output: "12", tiers: { batch: { input: "1.5", output: "6" } } },
        ...{ effectiveFrom: "2025-01-01T01:00:00+01:00", effectiveTo: new Date("2026-01-01") },
      },
      { appliesTo: "cost", percent: "-7.5" },
    ]);
    const listed = await pricing.rules();
    const rules = listed.map(({ id: _, ...rule }) => rule);
    expect(await pricing.addRules(rules)).toEqual({ added: 0, unchanged: 2 });
    expect(await pricing.rules()).toEqual(listed);
  });
});

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("two processes over one database on $name", ({ freshUrl }) => {
  it("see each other's price rules at their next commit", async () => {
    const url = await freshUrl();
    const [here, there] = [billingAt(url), billingAt(url)];
    await there.metering.record(CALL);
    await here.pricing.addRules([MARKUP]);
    await there.metering.record(CALL);
    expect(await billOf(there)).toEqual(["0.007", "0.0077"]);
    expect(await there.pricing.rules("acme")).toHaveLength(1);
    expect(await there.pricing.addRules([MARKUP])).toEqual({ added: 0, unchanged: 1 });
  });
});
