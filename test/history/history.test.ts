import { afterEach, describe, expect, it } from "vitest";
import { type Billing, createBilling } from "../../src/billing.ts";
import type { UsageTotals } from "../../src/domain/analytics/index.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { ENGINES } from "../support/database.ts";
import { type Bill, ExpectedHistory, histories, type Step, usd } from "./sequences.ts";

const HISTORIES = 500;
/** Per database: every price makes the book longer, and these books are read again after every change. */
const TOGETHER = 50;
const AT_ONCE = 10;
const SEED = 20_250_101;

const DATABASES = Array.from({ length: HISTORIES / TOGETHER }, (_, index) => index);

describe.each(ENGINES.filter(({ name }) => name !== "sqlite"))(
  "random histories of records, corrections, re-ratings and price changes on $name",
  ({ freshUrl }) => {
    const opened: Billing[] = [];
    const all = histories(HISTORIES, SEED);

    afterEach(async () => {
      for (const billing of opened.splice(0)) await billing.close();
    });

    it.each(DATABASES)("leave bills that equal an independent computation (%i of 10)", async (database) => {
      const billing = createBilling({
        database: await freshUrl(),
        clock: new ManualClock("2026-01-01T00:00:00Z"),
      });
      opened.push(billing);
      const mine = all.slice(database * TOGETHER, (database + 1) * TOGETHER);
      const numbered = mine.map((steps, index) => ({ steps, name: `${database}-${index}` }));
      for (let start = 0; start < numbered.length; start += AT_ONCE) {
        await Promise.all(numbered.slice(start, start + AT_ONCE).map((one) => live(billing, one)));
      }
      expect(await billing.verify()).toMatchObject({ ok: true, differences: [] });
    });
  },
);

/** Lives one history through the engine and compares after every step that prices something. */
async function live(billing: Billing, { steps, name }: { steps: Step[]; name: string }): Promise<void> {
  const tenant = `tenant-${name}`;
  const expected = new ExpectedHistory(tenant, `provider-${name}`);
  for (const [index, step] of steps.entries()) {
    try {
      await take(billing, tenant, expected, step);
    } catch (error) {
      throw new Error(`history ${name}, step ${index}: ${JSON.stringify(step)}`, { cause: error });
    }
  }
  const report = await billing.analytics.usage({ tenant, by: ["day"] });
  expect(billOf(report.total), name).toEqual(expected.bill());
  for (const day of expected.days) {
    const group = report.groups.find(({ key }) => key.day === new Date(day).toISOString());
    const bill = expected.bill(({ at }) => at >= day && at < day + 86_400_000);
    expect(group === undefined ? expected.bill(() => false) : billOf(group), `${name} ${day}`).toEqual(bill);
  }
  const byModel = await billing.analytics.usage({ tenant, by: ["model"] });
  for (const model of expected.models) {
    const group = byModel.groups.find(({ key }) => key.model === model);
    const bill = expected.bill((row) => row.model === model);
    expect(group === undefined ? expected.bill(() => false) : billOf(group), `${name} ${model}`).toEqual(
      bill,
    );
  }
  let cost = 0n;
  for await (const event of billing.metering.events({ tenant }))
    cost += BigInt(event.costUsd.times("1e12").toFixed());
  expect(usd(cost)).toBe(expected.bill().cost);
}

async function take(billing: Billing, tenant: string, expected: ExpectedHistory, step: Step): Promise<void> {
  const { metering, pricing } = billing;
  if (step.do === "record") {
    expect((await metering.record(expected.record(step))).status).toBe("accepted");
  } else if (step.do === "price") {
    const entry = expected.price(step);
    if (entry !== undefined) await pricing.add([entry]);
  } else if (step.do === "rule") {
    const rule = expected.rule(step);
    if (rule !== undefined) await pricing.addRules([rule]);
  } else if (step.do === "correct") {
    const correction = expected.correct(step);
    if (correction === undefined) return;
    const made = metering.correct(correction.id, correction.values, "a test", { tenant });
    if (correction.voided) await expect(made).rejects.toMatchObject({ code: "event_voided" });
    else expect(["accepted", "unchanged"]).toContain((await made).status);
  } else {
    const { from, to, model } = step;
    const period = { from: new Date(from), to: new Date(to), tenant, model };
    const preview = await metering.rerate(period, { dryRun: true });
    const applied = await metering.rerate(period, { reason: "a test" });
    expect(applied.tenants).toEqual(preview.tenants);
    const difference = expected.rerate(step);
    const [change] = applied.tenants;
    const zero = { cost: "0", charge: "0" };
    const told = change && {
      cost: change.costAfterUsd.minus(change.costBeforeUsd).toFixed(),
      charge: change.chargeAfterUsd.minus(change.chargeBeforeUsd).toFixed(),
    };
    expect(told ?? zero).toEqual({ cost: usd(difference.cost), charge: usd(difference.charge) });
    expect((await metering.rerate(period, { dryRun: true })).tenants).toEqual([]);
  }
}

function billOf(totals: UsageTotals): Bill {
  return {
    events: totals.events,
    tokensIn: totals.inputTokens,
    cachedTokens: totals.cachedTokens,
    tokensOut: totals.outputTokens,
    cost: totals.costUsd.toFixed(),
    charge: totals.chargeUsd.toFixed(),
  };
}
