import { Decimal } from "decimal.js";
import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { eventsOf, pricesFor, TRACES, type TraceTruth } from "../support/traces.ts";

const TRACE = TRACES.find(({ dataset }) => dataset === "composite-61d-a") as TraceTruth;
const RULE = "cost_usd_cached_at_10pct";
const BATCH = 5_000;

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("the real trace's invoices on $name", ({ freshUrl }) => {
  it("are its truth per tenant and month, rounded once per line, with every event on one invoice", async () => {
    const clock = new ManualClock("2030-01-01T00:00:00Z");
    const billing = createBilling({ database: await freshUrl(), clock });
    await billing.pricing.add(pricesFor(RULE));
    const events = eventsOf(TRACE);
    for (let start = 0; start < events.length; start += BATCH)
      await billing.metering.record(events.slice(start, start + BATCH));

    const truths = Object.entries(TRACE.by_tenant_month ?? {});
    const months = [...new Set(truths.map(([key]) => key.split("|")[1] as string))].sort();
    for (const period of months) await billing.invoices.runMonthEnd({ period });
    let seen = 0;
    for (const [key, truth] of truths) {
      const [tenant, period] = key.split("|") as [string, string];
      const { items } = await billing.invoices.list({ tenant });
      const { id } = items.find((one) => one.period === period) ?? { id: "" };
      const { content } = await billing.invoices.get({ tenant, invoiceId: id });
      let exact = new Decimal(0);
      for (const { amount, source } of content.lines) {
        if (source.kind !== "usage") throw new Error("a line of something else");
        const usd = new Decimal(source.chargePico).div("1e12");
        expect(amount).toBe(usd.times(100).toDecimalPlaces(0, Decimal.ROUND_HALF_UP).toNumber());
        exact = exact.plus(usd);
        seen += source.sums.events;
      }
      expect([key, exact.toString()]).toEqual([key, new Decimal(truth[RULE]).toString()]);
      expect(content.total).toBe(content.lines.reduce((sum, { amount }) => sum + amount, 0));
    }
    expect(seen).toBe(TRACE.total.events);
    expect(await billing.verify()).toEqual({ ok: true, events: TRACE.total.events, differences: [] });
    await billing.close();
  });
});
