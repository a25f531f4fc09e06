// The 32 recorded responses whose provider said what it charged, against two public price lists: every difference is known.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Billing, createBilling, type UsageShape, usageFromResponse } from "../src/index.ts";
import { parseUsd } from "../src/kernel/index.ts";

interface Sample {
  readonly id: string;
  readonly shape: UsageShape;
  readonly body: unknown;
}

type Difference = readonly [id: string, ours: string, providers: string];

const DATA = new URL("../data/", import.meta.url);
const LISTS = {
  genai: textOf("prices/genai-prices-v2.json.gz"),
  litellm: textOf("prices/litellm.json.gz"),
};
const CHARGED: readonly Sample[] = textOf("usage-samples/usage-samples.jsonl.gz")
  .trimEnd()
  .split("\n")
  .map((line): Sample => JSON.parse(line))
  .filter(({ shape, body }) => usageFromResponse(shape, body).providerCostUsd !== null);
/** The day of the younger list. */
const TIMESTAMP = "2026-08-21T00:00:00Z";

/** Every sample that differs, each by more than 1 %; docs/reconciliation.md has the reasons. */
const DIFFERENT: Readonly<Record<keyof typeof LISTS, readonly Difference[]>> = {
  genai: [
    ["u0177", "0.00016775", "0.00216775"],
    ["u0190", "0.00001036", "0.000014"],
    ["u0348", "0.00808", "0.025265"],
    ["u0349", "0.00808", "0.002196"],
    ["u1314", "0.001442", "0.00034225"],
    ["u1366", "0.000021204", "0.00004"],
  ],
  litellm: [
    ["u0169", "0.00006", "0.000102"],
    ["u0175", "0.00122", "0.001875"],
    ["u0177", "0.000702", "0.00216775"],
    ["u0181", "0.001196", "0.00183"],
    ["u0185", "0.00051", "0.000924"],
    ["u0190", "0.0000099", "0.000014"],
    ["u0192", "0.000494", "0.000894"],
    ["u0348", "0.00808", "0.025265"],
    ["u0349", "0.00808", "0.002196"],
    ["u1307", "0.007228", "0.01355025"],
    ["u1309", "0.000624", "0.001038"],
    ["u1310", "0.000804", "0.001287"],
    ["u1311", "0.001664", "0.002583"],
    ["u1312", "0.000566", "0.000981"],
    ["u1313", "0.0006", "0.00093"],
    ["u1314", "0.001442", "0.00034225"],
    ["u1316", "0.0006", "0.00093"],
    ["u1317", "0.000678", "0.001071"],
    ["u1318", "0.00104", "0.001587"],
    ["u1321", "0.001348", "0.002103"],
    ["u1323", "0.006098", "0.00256995"],
    ["u1324", "0.005944", "0.00341475"],
    ["u1326", "0.000066", "0.000114"],
    ["u1327", "0.000074", "0.000126"],
    ["u1328", "0.0006", "0.00093"],
    ["u1366", "0.00088", "0.00004"],
  ],
};
/** What the list could not know: left when every model is recorded under a name that the list has. */
const LEFT: Readonly<Record<keyof typeof LISTS, readonly Difference[]>> = {
  genai: [
    ["u0177", "0.00016775", "0.00216775"],
    ["u0190", "0.00001036", "0.000014"],
    ["u1366", "0.000021204", "0.00004"],
  ],
  litellm: [
    ["u0177", "0.00016775", "0.00216775"],
    ["u0190", "0.0000099", "0.000014"],
    ["u1366", "0.00088", "0.00004"],
  ],
};
/** Ours, the providers' and the capture rate of all 32. */
const TOTALS: Readonly<Record<keyof typeof LISTS, readonly string[]>> = {
  genai: ["0.061794614", "0.0740183", "0.834856"],
  litellm: ["0.05576125", "0.0740183", "0.753344"],
};
/** The names under which the lists, or another provider's part of them, have the models that OpenRouter reports. */
const NAMES: Readonly<Record<string, readonly [provider: string, model: string]>> = {
  "anthropic/claude-4.5-sonnet-20250929": ["openrouter", "anthropic/claude-sonnet-4.5"],
  "anthropic/claude-4.6-sonnet-20260217": ["openrouter", "anthropic/claude-sonnet-4.6"],
  "openai/gpt-5-mini-2025-08-07": ["openrouter", "openai/gpt-5-mini"],
  "openai/gpt-5.1-codex-mini": ["openai", "gpt-5.1-codex-mini"],
  "openai/gpt-5.6-sol": ["openai", "gpt-5.6-sol"],
};
/** What each differing sample was charged at: pico-USD per token, uncached, read, written, output; and a fee in pico-USD. */
const CHARGED_AT: Readonly<Record<string, readonly [...prices: bigint[]]>> = {
  "anthropic/claude-4.5-sonnet-20250929": [3_000_000n, 300_000n, 3_750_000n, 15_000_000n, 0n],
  "anthropic/claude-4.6-sonnet-20260217": [3_000_000n, 300_000n, 3_750_000n, 15_000_000n, 0n],
  "openai/gpt-5-mini-2025-08-07": [250_000n, 25_000n, 0n, 2_000_000n, 0n],
  "openai/gpt-5.1-codex-mini": [250_000n, 25_000n, 0n, 2_000_000n, 2_000_000_000n],
  "openai/gpt-5.6-sol": [5_000_000n, 500_000n, 6_250_000n, 30_000_000n, 0n],
  "qwen/qwen3-30b-a3b-instruct-2507": [100_000n, 0n, 0n, 300_000n, 0n],
  "z-ai/glm-4.6": [600_000n, 0n, 0n, 2_200_000n, 0n],
};

describe.each(Object.keys(LISTS) as (keyof typeof LISTS)[])("with the prices of %s", (source) => {
  it("every charged sample costs what its provider charged, but for the known ones", async () => {
    await withList(source, async (billing) => {
      expect(await differences(billing, (model) => ["openrouter", model])).toEqual(DIFFERENT[source]);
      const { total } = await billing.analytics.reconcile({ tenant: "acme" });
      expect([total.events, total.reconciledEvents]).toEqual([32, 32]);
      const { costUsd, providerCostUsd, captureRate } = total;
      expect([costUsd.toFixed(), providerCostUsd.toFixed(), captureRate]).toEqual(TOTALS[source]);
    });
  });

  it("what is left under names that the list has is a fee, other prices, and a model it has not", async () => {
    await withList(source, async (billing) => {
      const found = await differences(billing, (model) => NAMES[model] ?? ["openrouter", model]);
      expect(found).toEqual(LEFT[source]);
    });
  });

  it("a model that the list does not name is flagged, so that no such difference is silent", async () => {
    await withList(source, async (billing) => {
      const found = await differences(billing, (model) => ["openrouter", model]);
      const flagged: string[] = [];
      for await (const { id, flags } of billing.metering.events({ tenant: "acme" }))
        if (flags.includes("unknownModel")) flagged.push(id);
      const priced = found.map(([id]) => id).filter((id) => !flagged.includes(id));
      expect(priced).toEqual(source === "genai" ? ["u0177", "u0190", "u1366"] : ["u0190"]);
    });
  });
});

describe("the samples", () => {
  it("with a cost are 32, none of them with a key of one's own", () => {
    expect(CHARGED).toHaveLength(32);
    expect(CHARGED.flatMap(({ shape, body }) => usageFromResponse(shape, body).issues)).toEqual([]);
  });

  it("that differ were charged at the prices and the fee of the document, to the last digit", () => {
    const different = new Set([...DIFFERENT.genai, ...DIFFERENT.litellm].map(([id]) => id));
    for (const { id, shape, body } of CHARGED.filter((sample) => different.has(sample.id))) {
      const usage = usageFromResponse(shape, body);
      const { tokensIn, cachedTokens, cacheWriteTokens, tokensOut } = usage;
      const counts = [
        tokensIn - cachedTokens - cacheWriteTokens,
        cachedTokens,
        cacheWriteTokens,
        tokensOut,
        1,
      ];
      const prices = CHARGED_AT[usage.model ?? ""] ?? [];
      const cost = counts.reduce((sum, count, index) => sum + BigInt(count) * (prices[index] ?? 0n), 0n);
      expect([id, cost]).toEqual([id, parseUsd(usage.providerCostUsd ?? "", "cost")]);
    }
  });
});

async function withList(
  source: keyof typeof LISTS,
  work: (billing: Billing) => Promise<void>,
): Promise<void> {
  const billing = createBilling({ database: "sqlite::memory:" });
  try {
    await billing.pricing.importList({ source, text: LISTS[source] });
    await work(billing);
    expect((await billing.verify()).differences).toEqual([]);
  } finally {
    await billing.close();
  }
}

/** Records every charged sample and lists those whose cost is not the provider's. */
async function differences(
  billing: Billing,
  nameOf: (model: string) => readonly [provider: string, model: string],
): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const { id, shape, body } of CHARGED) {
    const usage = usageFromResponse(shape, body);
    const [provider, model] = nameOf(usage.model ?? "");
    await billing.metering.record({ id, tenant: "acme", provider, model, usage, timestamp: TIMESTAMP });
  }
  for await (const { id, costUsd, providerCostUsd } of billing.metering.events({ tenant: "acme" })) {
    if (providerCostUsd === null) throw new Error(`${id} lost the provider's cost`);
    if (costUsd.equals(providerCostUsd)) continue;
    expect(costUsd.minus(providerCostUsd).abs().times(100).gt(providerCostUsd)).toBe(true);
    found.push([id, costUsd.toFixed(), providerCostUsd.toFixed()]);
  }
  return found;
}

function textOf(file: string): string {
  return gunzipSync(readFileSync(new URL(file, DATA))).toString("utf8");
}
