import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { ENGINES, freshSqliteUrl } from "../../../test/support/database.ts";
import { type Billing, createBilling } from "../../billing.ts";
import { ManualClock } from "../../kernel/index.ts";
import type { UsageEvent } from "./event.ts";
import { type BillingEvent, type ProviderUsage, usageFromResponse, usageFromStream } from "./index.ts";

const USAGE: ProviderUsage = {
  model: "claude-sonnet-4",
  tokensIn: 12_307,
  cachedTokens: 1_000,
  cacheWriteTokens: 10_304,
  cacheWrite1hTokens: 304,
  tokensOut: 550,
  reasoningTokens: 50,
  webSearches: 2,
  serviceTier: "standard",
  providerCostUsd: "0.07",
  usageState: "reported",
  issues: [],
};
const CALL: UsageEvent = {
  id: "msg-1",
  tenant: "acme",
  timestamp: "2025-06-01T12:00:00Z",
  provider: "anthropic",
};
const opened: Billing[] = [];

function billingAt(database: string): Billing {
  const billing = createBilling({ database, clock: new ManualClock("2026-01-01T00:00:00Z") });
  opened.push(billing);
  return billing;
}

function countsOf({ model, serviceTier, providerCostUsd, usageState, issues, ...counts }: ProviderUsage) {
  return counts;
}

async function eventsOf(billing: Billing): Promise<BillingEvent[]> {
  const events: BillingEvent[] = [];
  for await (const event of billing.metering.events({ tenant: "acme" })) events.push(event);
  return events;
}

afterEach(async () => {
  for (const billing of opened.splice(0)) {
    expect((await billing.verify()).differences).toEqual([]);
    await billing.close();
  }
});

describe.each(ENGINES)("usage recorded as one object on $name", ({ freshUrl }) => {
  const start = async () => billingAt(await freshUrl());
  const rejectionOf = async (billing: Billing, event: object) => {
    const { status, rejection } = await billing.metering.record({ ...CALL, ...event } as UsageEvent);
    return { status, ...rejection };
  };

  it("is the same event as its fields given one by one", async () => {
    const billing = await start();
    const { issues: _, ...fields } = USAGE;
    const oneByOne = {
      ...fields,
      model: "claude-sonnet-4",
      serviceTier: "standard",
      providerCostUsd: "0.07",
    };
    expect((await billing.metering.record({ ...CALL, usage: USAGE })).status).toBe("accepted");
    expect((await billing.metering.record({ ...CALL, ...oneByOne })).status).toBe("duplicate");
    await billing.metering.record({ ...CALL, id: "msg-2", ...oneByOne });
    const [direct, apart] = await eventsOf(billing);
    expect({ ...direct, id: "" }).toEqual({ ...apart, id: "" });
    expect(direct).toMatchObject({
      ...oneByOne,
      providerCostUsd: expect.anything(),
      costUsd: expect.anything(),
    });
  });

  it("comes back with its state and the provider's cost, ours beside it", async () => {
    const billing = await start();
    await billing.metering.record([
      { ...CALL, usage: USAGE },
      { ...CALL, id: "msg-2", usage: { ...USAGE, providerCostUsd: null, usageState: "estimated" } },
      { ...CALL, id: "msg-3", model: "claude-sonnet-4", tokensIn: 1, providerCostUsd: "0" },
    ]);
    const events = await eventsOf(billing);
    expect(
      events.map((event) => [event.usageState, event.providerCostUsd?.toFixed(), event.costUsd.toFixed()]),
    ).toEqual([
      ["reported", "0.07", "0.050883"],
      ["estimated", undefined, "0.050883"],
      ["reported", "0", "0.000003"],
    ]);
  });

  it("is flagged where the counts are not the provider's own, and counted as such", async () => {
    const billing = await start();
    const verdicts = await billing.metering.record([
      { ...CALL, usage: { ...USAGE, cacheWrite1hTokens: 0 } },
      { ...CALL, id: "msg-2", usage: { ...USAGE, cacheWrite1hTokens: 0, usageState: "estimated" } },
      { ...CALL, id: "msg-3", usage: usageFromStream("openai-chat", []), model: "claude-sonnet-4" },
    ]);
    expect(verdicts.map(({ flags }) => flags)).toEqual([[], ["usageEstimated"], ["usageMissing"]]);
    const { total, groups } = await billing.analytics.usage({ tenant: "acme", by: ["model"] });
    expect([total.events, total.flaggedEvents]).toEqual([3, 2]);
    expect(groups.map(({ flaggedEvents }) => flaggedEvents)).toEqual([2]);
  });

  it("is refused with a count, a state or a cost beside it, which would be told twice", async () => {
    const billing = await start();
    const beside = { ...countsOf(USAGE), usageState: "reported", providerCostUsd: "0.07" };
    expect(Object.keys(beside)).toHaveLength(9);
    for (const [field, value] of Object.entries(beside)) {
      const rejection = await rejectionOf(billing, { usage: USAGE, [field]: value });
      expect(rejection).toMatchObject({ status: "rejected", code: "given_twice", field });
    }
    expect(await eventsOf(billing)).toEqual([]);
  });

  it("gives way to a model and a tier named beside it", async () => {
    const billing = await start();
    await billing.metering.record([
      { ...CALL, usage: USAGE, model: "claude-opus-4", serviceTier: "batch" },
      { ...CALL, id: "msg-2", usage: USAGE },
      { ...CALL, id: "msg-3", usage: { ...USAGE, model: null, serviceTier: null } },
    ]);
    const named = (await eventsOf(billing)).map(({ model, serviceTier }) => [model, serviceTier]);
    expect(named).toEqual([
      ["claude-opus-4", "batch"],
      ["claude-sonnet-4", "standard"],
      [null, null],
    ]);
  });

  it("is refused, with a remedy, when it is the response, its usage object or no object", async () => {
    const billing = await start();
    const response = { id: "msg_1", usage: { input_tokens: 5, output_tokens: 3 } };
    for (const usage of [response, response.usage, "5", [USAGE], null]) {
      const rejection = await rejectionOf(billing, { usage });
      const code = usage === response || usage === response.usage ? "unknown_field" : "invalid_type";
      expect(rejection).toMatchObject({ status: "rejected", code, field: "usage" });
      expect(rejection.message).toContain("usageFromResponse");
    }
  });

  it("is a conflict when a retry names another cost or state, and a duplicate when it does not", async () => {
    const billing = await start();
    const retry = async (change: Partial<ProviderUsage>) =>
      (await billing.metering.record({ ...CALL, usage: { ...USAGE, ...change } })).status;
    expect(await retry({})).toBe("accepted");
    expect(await retry({ providerCostUsd: "0.0700" })).toBe("duplicate");
    expect(await retry({ providerCostUsd: "0.070000000001" })).toBe("conflict");
    expect(await retry({ providerCostUsd: null })).toBe("conflict");
    expect(await retry({ usageState: "estimated" })).toBe("conflict");
    expect(await eventsOf(billing)).toHaveLength(1);
  });

  it("keeps a provider's cost to the pico-USD: digits below are the noise of a float", async () => {
    const billing = await start();
    const costs = [
      ["0.00014700000000000002", "0.000147"],
      ["0.0000000000005", "0.000000000001"],
      ["0.00000000000049999", "0"],
      ["1000000", "1000000"],
    ];
    for (const [providerCostUsd = ""] of costs) {
      const usage = { ...USAGE, providerCostUsd };
      await billing.metering.record({ ...CALL, id: providerCostUsd, usage });
    }
    const kept = (await eventsOf(billing)).map((event) => [event.id, event.providerCostUsd?.toFixed()]);
    expect(kept).toEqual(costs);
  });

  it("is refused with a provider's cost that is no amount or no likely one, naming the field", async () => {
    const billing = await start();
    const refused = [
      ["-0.01", "negative"],
      ["1e-7", "invalid_amount"],
      [1e-7, "invalid_amount"],
      ["1000000.000000000001", "too_large"],
      ["free", "invalid_amount"],
      [Number.NaN, "invalid_amount"],
    ];
    for (const [providerCostUsd, code] of refused) {
      const rejection = await rejectionOf(billing, { usage: { ...USAGE, providerCostUsd } });
      expect(rejection).toMatchObject({ status: "rejected", code, field: "providerCostUsd" });
    }
  });

  it("is refused as the fields of an event are, naming the field", async () => {
    const billing = await start();
    const refused: [Partial<ProviderUsage>, string, string][] = [
      [{ tokensIn: -1 }, "tokensIn", "negative"],
      [{ cachedTokens: 12_308 }, "cachedTokens", "cached_exceeds_input"],
      [{ reasoningTokens: 551 }, "reasoningTokens", "reasoning_exceeds_output"],
      [{ usageState: "final" as never }, "usageState", "invalid_state"],
    ];
    for (const [change, field, code] of refused) {
      const rejection = await rejectionOf(billing, { usage: { ...USAGE, ...change } });
      expect(rejection).toMatchObject({ status: "rejected", field, code });
    }
  });
});

interface Sample {
  readonly id: string;
  readonly shape: Parameters<typeof usageFromResponse>[0];
  readonly body: unknown;
  /** Worked out apart from this program. */
  readonly expected: {
    readonly input_total: number;
    readonly cache_read: number;
    readonly cache_write: number;
    readonly cache_write_1h?: number;
    readonly output_total: number;
    readonly reasoning: number;
    readonly web_searches?: number;
  };
}

const FILE = new URL("../../../data/usage-samples/usage-samples.jsonl.gz", import.meta.url);

describe("the 1,146 recorded samples, each recorded as one object", () => {
  const samples: Sample[] = gunzipSync(readFileSync(FILE))
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

  it("are all accepted, and every report sums to the expected counts", async () => {
    const billing = billingAt(await freshSqliteUrl());
    const verdicts = await billing.metering.record(
      samples.map(({ id, shape, body }) => {
        return { id, tenant: "acme", agent: shape, usage: usageFromResponse(shape, body) };
      }),
    );
    expect(verdicts).toHaveLength(1_146);
    expect(verdicts.filter(({ status }) => status !== "accepted")).toEqual([]);

    const { total, groups } = await billing.analytics.usage({ tenant: "acme", by: ["agent"] });
    expect(total).toMatchObject(sumOf(samples));
    const shapes = new Set(samples.map(({ shape }) => shape));
    expect(groups).toHaveLength(shapes.size);
    for (const group of groups) {
      expect(group).toMatchObject(sumOf(samples.filter(({ shape }) => shape === group.key.agent)));
    }
    const oneHour = (await eventsOf(billing)).reduce((sum, event) => sum + event.cacheWrite1hTokens, 0);
    expect(oneHour).toBe(samples.reduce((sum, { expected }) => sum + (expected.cache_write_1h ?? 0), 0));
  });

  it("keep the charged cost of the 32 that name one, to the last pico-USD", async () => {
    const billing = billingAt(await freshSqliteUrl());
    const charged = samples.filter(({ shape }) => shape.startsWith("openrouter-"));
    await billing.metering.record(
      charged.map(({ id, shape, body }) => {
        return { id, tenant: "acme", provider: "openrouter", usage: usageFromResponse(shape, body) };
      }),
    );
    const kept = new Map((await eventsOf(billing)).map(({ id, providerCostUsd }) => [id, providerCostUsd]));
    expect(kept.size).toBe(32);
    for (const { id, body } of charged) {
      const { cost } = (body as { usage: { cost: number } }).usage;
      expect([id, kept.get(id)?.toFixed()]).toEqual([id, usd(cost)]);
    }
  });

  it("without a count that could be recorded would be rejected by name: a part above its whole", async () => {
    const billing = billingAt(await freshSqliteUrl());
    const usage = usageFromResponse("openai-chat", {
      usage: { prompt_tokens: 5, prompt_tokens_details: { cached_tokens: 9 }, completion_tokens: 1 },
    });
    expect(usage.issues.map((issue) => issue.split(":")[0])).toContain("cached_exceeds_input");
    const { status, rejection } = await billing.metering.record({ ...CALL, usage });
    expect([status, rejection?.field]).toEqual(["rejected", "cachedTokens"]);
  });
});

/** A cost of a few cents as text: 12 decimals of a float this small are exact digits, and its noise lies below. */
function usd(cost: number): string {
  return cost.toFixed(12).replace(/\.?0+$/, "");
}

function sumOf(samples: readonly Sample[]) {
  const sum = (column: keyof Sample["expected"]) =>
    samples.reduce((total, { expected }) => total + (expected[column] ?? 0), 0);
  return {
    events: samples.length,
    inputTokens: sum("input_total"),
    cachedTokens: sum("cache_read"),
    cacheWriteTokens: sum("cache_write"),
    outputTokens: sum("output_total"),
    reasoningTokens: sum("reasoning"),
    webSearches: sum("web_searches"),
  };
}
