import { afterEach, describe, expect, it } from "vitest";
import { countingParticipant, createCountsTable } from "../../../test/support/counting-participant.ts";
import { ENGINES } from "../../../test/support/database.ts";
import { type Billing, createBilling } from "../../billing.ts";
import { createIds, ManualClock, withTenant } from "../../kernel/index.ts";
import { open } from "../../store/index.ts";
import { PricingService } from "../pricing/index.ts";
import type { UsageEvent } from "./event.ts";
import { type BillingEvent, MeteringService } from "./index.ts";

const CALL: UsageEvent = {
  id: "call-1",
  tenant: "acme",
  timestamp: "2025-06-01T12:00:00Z",
  provider: "anthropic",
  model: "claude-opus-4",
  workspace: "w",
  debate: "d",
  tokensIn: 5_000,
  tokensOut: 2_000,
  metadata: { k: 1 },
};
const JUNE = { from: new Date("2025-06-01"), to: new Date("2025-07-01") };

describe.each(ENGINES)("adjustments on $name", ({ freshUrl }) => {
  const opened: Billing[] = [];

  async function start(events: readonly UsageEvent[] = [CALL]) {
    const billing = createBilling({
      database: await freshUrl(),
      clock: new ManualClock("2026-01-01T00:00:00Z"),
    });
    opened.push(billing);
    await billing.metering.record(events);
    return billing;
  }

  async function total(billing: Billing, tenant = "acme") {
    const { total } = await billing.analytics.usage({ tenant });
    const { events, inputTokens, outputTokens, costUsd, chargeUsd } = total;
    return { events, inputTokens, outputTokens, cost: costUsd.toFixed(), charge: chargeUsd.toFixed() };
  }

  async function eventsOf(billing: Billing, tenant = "acme"): Promise<BillingEvent[]> {
    const list: BillingEvent[] = [];
    for await (const event of billing.metering.events({ tenant })) list.push(event);
    return list;
  }

  afterEach(async () => {
    for (const billing of opened.splice(0)) {
      expect((await billing.verify()).differences).toEqual([]);
      await billing.close();
    }
  });

  describe("a correction", () => {
    it("takes the event back and puts the right one in its place, in every sum at once", async () => {
      const billing = await start();
      const correction = await billing.metering.correct(
        "call-1",
        { tokensOut: 1_000 },
        "the log shows 1,000",
        {
          tenant: "acme",
        },
      );
      expect(correction.status).toBe("accepted");
      expect(await total(billing)).toEqual({
        events: 1,
        inputTokens: 5_000,
        outputTokens: 1_000,
        cost: "0.15",
        charge: "0.15",
      });
      for (const by of ["model", "debate", "hour", "workspace"] as const) {
        const { groups } = await billing.analytics.usage({ tenant: "acme", by: [by] });
        expect(groups.map(({ events, costUsd }) => [events, costUsd.toFixed()])).toEqual([[1, "0.15"]]);
      }
    });

    it("leaves what was recorded as it was, and says what follows from what", async () => {
      const billing = await start();
      const [before] = await eventsOf(billing);
      const { id } = await billing.metering.correct("call-1", { model: "claude-sonnet-4" }, "wrong model", {
        tenant: "acme",
      });
      const [original, reversal, replacement] = await eventsOf(billing);
      expect(original).toEqual(before);
      expect(reversal).toMatchObject({
        ...{ isReversal: true, corrects: "call-1", adjustment: id, tokensIn: -5_000, tokensOut: -2_000 },
        ...{ model: "claude-opus-4", price: before?.price, workspace: "w", debate: "d" },
      });
      expect(reversal?.costUsd.toFixed()).toBe("-0.225");
      expect(replacement).toMatchObject({
        ...{ isReversal: false, corrects: "call-1", adjustment: id, tokensIn: 5_000, tokensOut: 2_000 },
        ...{ model: "claude-sonnet-4", metadata: { k: 1 }, workspace: "w" },
      });
      expect(replacement?.costUsd.toFixed()).toBe("0.045");
      expect(await billing.metering.adjustments({ tenant: "acme" })).toEqual([
        {
          ...{ id, kind: "correction", reason: "wrong model", createdAt: new Date("2026-01-01") },
          request: { eventId: "call-1", values: { model: "claude-sonnet-4" } },
        },
      ]);
    });

    it("can follow another one, by the id of the first event or of a replacement", async () => {
      const billing = await start();
      const tenant = "acme";
      const first = await billing.metering.correct("call-1", { tokensOut: 1 }, "a", { tenant });
      await billing.metering.correct("call-1", { tokensOut: 2 }, "b", { tenant });
      await billing.metering.correct(first.replacement?.id ?? "", { tokensOut: 3 }, "c", { tenant });
      expect(await total(billing)).toMatchObject({ events: 1, outputTokens: 3 });
      expect(await eventsOf(billing)).toHaveLength(7);
    });

    it("takes an event back whole, once", async () => {
      const billing = await start();
      const voided = await billing.metering.correct("call-1", null, "a test call", { tenant: "acme" });
      expect(voided.replacement).toBeNull();
      expect(await total(billing)).toMatchObject({ events: 0, inputTokens: 0, cost: "0", charge: "0" });
      const again = billing.metering.correct("call-1", { tokensOut: 1 }, "x", { tenant: "acme" });
      await expect(again).rejects.toMatchObject({ kind: "failed_precondition", code: "event_voided" });
    });

    it("moves an event to another day with its money", async () => {
      const billing = await start();
      const values = { timestamp: "2025-06-03T00:00:00Z" };
      await billing.metering.correct("call-1", values, "the clock was wrong", { tenant: "acme" });
      const { groups } = await billing.analytics.usage({ tenant: "acme", by: ["day"] });
      expect(groups.map(({ key, costUsd }) => [key.day, costUsd.toFixed()])).toEqual([
        ["2025-06-03T00:00:00.000Z", "0.225"],
      ]);
    });

    it("is answered again, not applied again, when it is repeated with its id", async () => {
      const billing = await start();
      const correct = (tokensOut: number) =>
        billing.metering.correct("call-1", { tokensOut }, "a", { tenant: "acme", id: "fix-1" });
      const first = await correct(10);
      const repeated = await correct(10);
      expect(repeated).toEqual({ ...first, status: "duplicate" });
      await expect(correct(11)).rejects.toMatchObject({ kind: "conflict", code: "adjustment_conflict" });
      expect(await total(billing)).toMatchObject({ outputTokens: 10 });
    });

    it("is one of many at once: each is applied to what the one before left", async () => {
      const billing = await start();
      await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          billing.metering.correct("call-1", { tokensOut: index + 1 }, "race", { tenant: "acme" }),
        ),
      );
      const { outputTokens, events } = await total(billing);
      expect(events).toBe(1);
      expect(outputTokens).toBeGreaterThanOrEqual(1);
      expect(outputTokens).toBeLessThanOrEqual(8);
    });

    it("with one id sent by many at once is applied once", async () => {
      const billing = await start();
      const answers = await Promise.all(
        Array.from({ length: 6 }, () =>
          billing.metering.correct("call-1", { tokensOut: 9 }, "race", { tenant: "acme", id: "one" }),
        ),
      );
      expect(answers.filter(({ status }) => status === "accepted")).toHaveLength(1);
      expect(await eventsOf(billing)).toHaveLength(3);
    });

    it("that says what is on record writes nothing", async () => {
      const billing = await start();
      const same = await billing.metering.correct("call-1", { tokensOut: 2_000 }, "x", { tenant: "acme" });
      expect(same).toMatchObject({ status: "unchanged", reversal: null, replacement: null });
      expect(await eventsOf(billing)).toHaveLength(1);
    });

    it("settles an estimate with the provider's own counts", async () => {
      const billing = await start([{ ...CALL, usageState: "estimated" }]);
      expect((await eventsOf(billing))[0]).toMatchObject({
        usageState: "estimated",
        flags: ["usageEstimated"],
      });
      expect((await billing.analytics.usage({ tenant: "acme" })).total.flaggedEvents).toBe(1);
      await billing.metering.correct("call-1", { tokensOut: 2_345 }, "final usage", { tenant: "acme" });
      expect((await eventsOf(billing)).at(-1)).toMatchObject({ usageState: "reported", flags: [] });
      expect((await billing.analytics.usage({ tenant: "acme" })).total.flaggedEvents).toBe(0);
    });

    it.each<[string, string, object | null, string, object]>([
      ["an unknown event", "nothing", {}, "x", { kind: "not_found", code: "event_not_found" }],
      ["no reason", "call-1", {}, " ", { code: "required", details: { field: "reason" } }],
      [
        "an unknown field",
        "call-1",
        { tokens: 1 },
        "x",
        { code: "unknown_field", details: { field: "tokens" } },
      ],
      ["another tenant", "call-1", { tenant: "b" }, "x", { code: "not_correctable" }],
      ["another id", "call-1", { id: "b" }, "x", { code: "not_correctable" }],
      ["negative counts", "call-1", { tokensOut: -1 }, "x", { code: "negative" }],
      [
        "a part above its whole",
        "call-1",
        { tokensIn: 5, cachedTokens: 6 },
        "x",
        { code: "cached_exceeds_input" },
      ],
      [
        "a time to come",
        "call-1",
        { timestamp: "2027-01-01T00:00:00Z" },
        "x",
        { code: "timestamp_in_future" },
      ],
    ])("is refused with %s and changes nothing", async (_, id, values, reason, error) => {
      const billing = await start();
      const correction = billing.metering.correct(id, values as never, reason, { tenant: "acme" });
      await expect(correction).rejects.toMatchObject(error);
      expect(await eventsOf(billing)).toHaveLength(1);
    });

    it("does not reach another tenant's event, nor a reversal", async () => {
      const billing = await start();
      const foreign = billing.metering.correct("call-1", null, "mine now", { tenant: "other" });
      await expect(foreign).rejects.toMatchObject({ kind: "not_found", code: "event_not_found" });
      const { reversal } = await billing.metering.correct("call-1", null, "x", { tenant: "acme" });
      const back = billing.metering.correct(reversal?.id ?? "", null, "x", { tenant: "acme" });
      await expect(back).rejects.toMatchObject({ code: "not_correctable" });
      expect(await billing.metering.adjustments({ tenant: "other" })).toEqual([]);
    });

    it("does not change what a retry of the first event is told", async () => {
      const billing = await start();
      await billing.metering.correct("call-1", { tokensOut: 1 }, "x", { tenant: "acme" });
      const retry = await billing.metering.record(CALL);
      expect(retry.status).toBe("duplicate");
      expect(retry.costUsd?.toFixed()).toBe("0.225");
    });
  });

  describe("re-rating", () => {
    const gpt = { provider: "openai", model: "gpt-4o" };
    const calls = (tenant: string, count: number): UsageEvent[] =>
      Array.from({ length: count }, (_, index) => ({
        ...{ id: `call-${index}`, tenant, ...gpt, tokensIn: 1_000, tokensOut: 100 },
        timestamp: new Date(Date.UTC(2025, 5, 1 + (index % 3), 0, 0, index)),
      }));

    it("tells each tenant's difference first, and changes nothing", async () => {
      const billing = await start([...calls("acme", 3), ...calls("beta", 2)]);
      await billing.pricing.add([{ ...gpt, input: "5", output: "20" }]);
      const preview = await billing.metering.rerate({ ...JUNE, model: "gpt-4o" }, { dryRun: true });
      expect(JSON.parse(JSON.stringify(preview))).toEqual({
        ...{ id: null, dryRun: true, examined: 5, kept: 0 },
        tenants: [
          {
            ...{ tenant: "acme", events: 3, costBeforeUsd: "0.0105", costAfterUsd: "0.021" },
            ...{ chargeBeforeUsd: "0.0105", chargeAfterUsd: "0.021" },
          },
          {
            ...{ tenant: "beta", events: 2, costBeforeUsd: "0.007", costAfterUsd: "0.014" },
            ...{ chargeBeforeUsd: "0.007", chargeAfterUsd: "0.014" },
          },
        ],
      });
      expect(await total(billing)).toMatchObject({ cost: "0.0105" });
      expect(await eventsOf(billing)).toHaveLength(3);
    });

    it("appends what differs under one entry, and then nothing differs", async () => {
      const billing = await start([...calls("acme", 3), ...calls("beta", 2)]);
      await billing.pricing.add([{ ...gpt, input: "5", output: "20" }]);
      const applied = await billing.metering.rerate(JUNE, { reason: "price came late", id: "june" });
      expect(applied.tenants.map(({ tenant, events }) => [tenant, events])).toEqual([
        ["acme", 3],
        ["beta", 2],
      ]);
      expect(await total(billing)).toMatchObject({ events: 3, cost: "0.021" });
      const again = await billing.metering.rerate(JUNE, { reason: "price came late", id: "june" });
      expect(again.tenants).toEqual([]);
      for (const tenant of ["acme", "beta"]) {
        expect(await billing.metering.adjustments({ tenant })).toMatchObject([
          { id: "june", kind: "rerating", reason: "price came late" },
        ]);
      }
      expect(await billing.metering.adjustments({ tenant: "gamma" })).toEqual([]);
    });

    it("keeps to its period, its model and its tenant", async () => {
      const billing = await start([...calls("acme", 3), ...calls("beta", 2)]);
      await billing.pricing.add([{ ...gpt, input: "5", output: "20" }]);
      const dry = (query: object) => billing.metering.rerate({ ...JUNE, ...query }, { dryRun: true });
      expect((await dry({ to: new Date("2025-06-02") })).examined).toBe(2);
      expect(
        (await dry({ from: new Date("2025-06-01T00:00:00.001Z"), to: new Date("2025-06-02") })).examined,
      ).toBe(0);
      expect((await dry({ model: "gpt-4o-mini" })).examined).toBe(0);
      expect((await dry({ provider: "OpenAI" })).examined).toBe(5);
      expect((await dry({ tenant: "beta" })).tenants.map(({ tenant }) => tenant)).toEqual(["beta"]);
      const inside = await withTenant("beta", () => dry({}));
      expect(inside.tenants.map(({ tenant }) => tenant)).toEqual(["beta"]);
    });

    it("goes through more events than fit on a page, one day and one instant included", async () => {
      const many = Array.from({ length: 2_100 }, (_, index): UsageEvent => {
        return { id: `e${index}`, tenant: "acme", ...gpt, tokensIn: 10, timestamp: "2025-06-01T00:00:00Z" };
      });
      const billing = await start(many);
      await billing.pricing.add([{ ...gpt, input: "5", output: "20" }]);
      const shares: number[] = [];
      const applied = await billing.metering.rerate(JUNE, {
        reason: "x",
        onProgress: ({ share }) => shares.push(share),
      });
      expect(applied).toMatchObject({ examined: 2_100, tenants: [{ events: 2_100 }] });
      expect(shares.at(-1)).toBe(1);
      expect(await total(billing)).toMatchObject({ events: 2_100, cost: "0.105" });
    });

    it("at the same time as corrections of the same events counts each event once", async () => {
      const billing = await start(calls("acme", 40));
      await billing.pricing.add([{ ...gpt, input: "5", output: "20" }]);
      await Promise.all([
        billing.metering.rerate(JUNE, { reason: "one" }),
        ...Array.from({ length: 10 }, (_, index) =>
          billing.metering.correct(`call-${index}`, { tokensIn: 2_000 }, "more", { tenant: "acme" }),
        ),
        billing.metering.rerate(JUNE, { reason: "two" }),
      ]);
      // 30 calls of 1,000 in and 10 of 2,000, each with 100 out, all at the new price.
      expect(await total(billing)).toMatchObject({ events: 40, inputTokens: 50_000, cost: "0.33" });
    });

    it("needs a reason, a period that is one, and an id of its own", async () => {
      const billing = await start();
      await expect(billing.metering.rerate(JUNE)).rejects.toMatchObject({
        code: "required",
        details: { field: "reason" },
      });
      const reversed = billing.metering.rerate({ from: JUNE.to, to: JUNE.from }, { dryRun: true });
      await expect(reversed).rejects.toMatchObject({ code: "invalid_period" });
      await billing.metering.rerate(JUNE, { reason: "x", id: "a" });
      const other = billing.metering.rerate({ ...JUNE, model: "x" }, { reason: "x", id: "a" });
      await expect(other).rejects.toMatchObject({ kind: "conflict", code: "adjustment_conflict" });
    });

    it("leaves an event at its price when today's book refuses to price it", async () => {
      const url = await freshUrl();
      const clock = new ManualClock("2026-01-01T00:00:00Z");
      const store = await open(url);
      const pricing = new PricingService(store, clock);
      const metering = (unknownModel: "fallback" | "refuse") =>
        new MeteringService(
          { store, clock, ids: createIds(clock), pricing },
          { tenant: "acme", unknownModel, participants: [] },
        );
      await metering("fallback").record([...calls("acme", 2), { ...CALL, id: "x", model: "nobody-knows" }]);
      await pricing.add([{ ...gpt, input: "5", output: "20" }]);
      const report = await metering("refuse").rerate(JUNE, { reason: "x" });
      expect(report).toMatchObject({ examined: 3, kept: 1, tenants: [{ events: 2 }] });
      await store.close();
    });

    it("writes nothing for the same money by another price", async () => {
      const billing = await start(calls("acme", 2));
      await billing.pricing.add([{ ...gpt, input: "2.5", output: "10", cachedInput: "1" }]);
      expect(await billing.metering.rerate(JUNE, { reason: "x" })).toMatchObject({
        examined: 2,
        tenants: [],
      });
      expect(await eventsOf(billing)).toHaveLength(2);
    });

    it("charges by a selling price that was agreed later, and leaves the cost", async () => {
      const billing = await start(calls("acme", 1));
      await billing.pricing.addRules([{ tenant: "acme", percent: "50" }]);
      await billing.metering.rerate(JUNE, { reason: "contract" });
      expect(await total(billing)).toMatchObject({ cost: "0.0035", charge: "0.00525" });
    });
  });

  it("a participant sees reversals and replacements in the transaction that writes them", async () => {
    const store = await open(await freshUrl());
    await createCountsTable(store);
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const participant = countingParticipant();
    const pricing = new PricingService(store, clock);
    const metering = new MeteringService(
      { store, clock, ids: createIds(clock), pricing },
      { tenant: "acme", unknownModel: "fallback", participants: [participant] },
    );
    await metering.record(CALL);
    await metering.correct("call-1", { tokensOut: 1 }, "x");
    expect(participant.calls.map((call) => call.map(({ sign, cost }) => [sign, cost]))).toEqual([
      [[1, 225_000_000_000n]],
      [
        [-1, -225_000_000_000n],
        [1, 75_075_000_000n],
      ],
    ]);
    await store.close();
  });
});

describe.each(ENGINES)("verify on $name", ({ freshUrl }) => {
  it.each([
    [
      "a reversal deleted",
      "DELETE FROM usage_events WHERE sign = -1",
      /usage_by_day|reversal beside it is missing/,
    ],
    [
      "the corrected event deleted",
      "DELETE FROM usage_events WHERE id = 'call-1'",
      /event it corrects is missing/,
    ],
    ["the audit entry deleted", "DELETE FROM usage_adjustments", /its adjustment is missing/],
    ["a sign", "UPDATE usage_events SET sign = 1 WHERE sign = -1", /content was changed|unique|UNIQUE/],
    [
      "the sign of an ordinary event",
      "UPDATE usage_events SET sign = -1 WHERE corrects = ''",
      /content was changed/,
    ],
    ["a corrects", "UPDATE usage_events SET corrects = 'x' WHERE sign = -1", /content was changed/],
    ["an adjustment", "UPDATE usage_events SET adjustment = 'x' WHERE sign = 1", /content was changed/],
    [
      "a provider's cost",
      "UPDATE usage_events SET provider_cost = 1 WHERE id = 'call-1'",
      /content was changed/,
    ],
    [
      "a charge",
      "UPDATE usage_events SET charge = charge + 1 WHERE id = 'sold'",
      /charge is .*, its price gives/,
    ],
    ["a price rule", `UPDATE price_rules SET rule = '{"percent":"21"}'`, /price_rules row rule_/],
    ["a rule's tenant", "UPDATE price_rules SET tenant = 'x'", /price_rules row rule_/],
    ["a price rule deleted", "DELETE FROM price_rules", /charge price rule_.* is not in the book/],
  ])("finds %s", async (_, sql, expected) => {
    const url = await freshUrl();
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const store = await open(url);
    const serviceOver = () => {
      const pricing = new PricingService(store, clock);
      const deps = { store, clock, ids: createIds(clock), pricing };
      const options = { tenant: "acme", unknownModel: "fallback" as const, participants: [] };
      return { pricing, metering: new MeteringService(deps, options) };
    };
    const { pricing, metering } = serviceOver();
    await metering.record({ ...CALL, providerCostUsd: "0.2" });
    await pricing.addRules([{ tenant: "acme", percent: "20" }]);
    await metering.record({ ...CALL, id: "sold" });
    await metering.correct("call-1", { tokensOut: 1 }, "x");
    expect(await metering.verify()).toMatchObject({ ok: true, differences: [] });
    const refused = await store
      .transaction((tx) => tx.run(sql))
      .then(
        () => "",
        (error: Error) => `${error.message} ${String(error.cause)}`,
      );
    const { differences } = await serviceOver().metering.verify();
    expect([refused, ...differences].join("\n")).toMatch(expected);
    await store.close();
  });
});
