import { Decimal } from "decimal.js";
import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { eventsOf, pricesFor, TRACES, type TraceTruth } from "../support/traces.ts";

const RULE = "cost_usd_cached_at_10pct";
const BATCH = 5_000;

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl, traces: TRACES },
  // What differs there is the database, not the trace: the one of two months is enough.
  { name: "postgres", freshUrl: freshPostgresUrl, traces: TRACES.filter((one) => one.by_tenant_month) },
])("the real traces' invoices on $name", ({ freshUrl, traces }) => {
  it.each(traces)(
    "of $dataset are its truth and the report's sums per tenant and month, rounded once per line",
    async (trace) => {
      const clock = new ManualClock("2030-01-01T00:00:00Z");
      const billing = createBilling({ database: await freshUrl(), clock });
      await billing.pricing.add(pricesFor(RULE));
      const events = eventsOf(trace);
      for (let start = 0; start < events.length; start += BATCH)
        await billing.metering.record(events.slice(start, start + BATCH));

      const truths = Object.entries(byTenantMonth(trace));
      const months = [...new Set(truths.map(([key]) => key.split("|")[1] as string))].sort();
      for (const period of months) await billing.invoices.runMonthEnd({ period });
      const report = await billing.analytics.usageAcrossTenants({ by: ["tenant", "month"] });
      expect(report.groups).toHaveLength(truths.length);
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
        const group = report.groups.find(
          (one) => one.key.tenant === tenant && one.key.month?.startsWith(period),
        );
        expect([key, String(group?.chargeUsd)]).toEqual([key, exact.toString()]);
        expect(content.total).toBe(content.lines.reduce((sum, { amount }) => sum + amount, 0));
      }
      expect(seen).toBe(trace.total.events);
      expect(await billing.verify()).toEqual({ ok: true, events: trace.total.events, differences: [] });
      await billing.close();
    },
  );
});

/** A trace without months lies in one. */
function byTenantMonth({ by_tenant_month, by_tenant, first_timestamp, last_timestamp }: TraceTruth) {
  if (by_tenant_month !== undefined) return by_tenant_month;
  const month = first_timestamp.slice(0, 7);
  expect(last_timestamp.slice(0, 7)).toBe(month);
  return Object.fromEntries(
    Object.entries(by_tenant).map(([tenant, truth]) => [`${tenant}|${month}`, truth]),
  );
}
