// 1,146 usage objects that providers really sent, with counts that were worked out apart from this program.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type ProviderUsage, type UsageShape, usageFromResponse, usageFromStream } from "./index.ts";

interface Counts {
  readonly input_total: number;
  readonly cache_read: number;
  readonly cache_write: number;
  readonly cache_write_1h?: number;
  readonly output_total: number;
  readonly reasoning: number;
  readonly web_searches?: number;
}

interface Sample {
  readonly id: string;
  readonly shape: UsageShape;
  readonly body: Readonly<Record<string, unknown>> & { readonly usage?: { readonly cost?: number } };
  readonly expected: Counts;
}

const FOLDER = new URL("../../../../data/usage-samples/", import.meta.url);
const SAMPLES: readonly Sample[] = gunzipSync(readFileSync(new URL("usage-samples.jsonl.gz", FOLDER)))
  .toString("utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));
const TRUTH: Readonly<Record<string, Counts & { readonly n: number }>> = JSON.parse(
  readFileSync(new URL("truth.json", FOLDER), "utf8"),
);

describe("the recorded samples", () => {
  it("are all here", () => {
    expect(SAMPLES).toHaveLength(1_146);
  });

  describe.each(Object.keys(TRUTH) as UsageShape[])("of %s", (shape) => {
    const samples = SAMPLES.filter((sample) => sample.shape === shape);

    it("have the expected counts, one by one", () => {
      for (const { id, body, expected } of samples) {
        const usage = usageFromResponse(shape, body);
        expect({ id, ...countsOf(usage) }).toEqual({ id, ...NOTHING, ...expected });
        expect(usage.usageState).toBe("reported");
      }
    });

    it("sum to the truth", () => {
      const { n, ...truth } = TRUTH[shape] as Counts & { n: number };
      const sums: Record<string, number> = { ...NOTHING };
      for (const { body } of samples) {
        for (const [column, count] of Object.entries(countsOf(usageFromResponse(shape, body))))
          sums[column] = (sums[column] ?? 0) + count;
      }
      expect(samples).toHaveLength(n);
      expect(sums).toEqual({ ...NOTHING, ...truth });
    });

    it("are read alike from the usage object alone", () => {
      for (const { body } of samples) {
        const { usage, usageMetadata } = body;
        expect(countsOf(usageFromResponse(shape, usage ?? usageMetadata))).toEqual(
          countsOf(usageFromResponse(shape, body)),
        );
      }
    });
  });

  it("have an issue exactly where the provider's numbers do not add up or leave tokens out", () => {
    const found = SAMPLES.flatMap(({ id, shape, body }) =>
      usageFromResponse(shape, body).issues.map((issue) => `${id} ${issue.split(":")[0]}`),
    );
    expect(found).toEqual([
      "u0211 iteration_outside_total",
      "u0243 iteration_outside_total",
      "u0250 iteration_outside_total",
      "u0992 total_mismatch",
      "u0993 total_mismatch",
    ]);
  });

  it("keep every digit of OpenRouter's cost", () => {
    const charged = SAMPLES.filter(({ shape }) => shape.startsWith("openrouter-"));
    expect(charged).toHaveLength(32);
    for (const { shape, body } of charged) {
      const { providerCostUsd } = usageFromResponse(shape, body);
      expect(providerCostUsd).toMatch(/^\d+(\.\d+)?$/);
      expect(Number(providerCostUsd)).toBe(body.usage?.cost);
    }
  });

  it("leave the body as it was", () => {
    const before = JSON.stringify(SAMPLES);
    for (const { shape, body } of SAMPLES) usageFromResponse(shape, body);
    expect(JSON.stringify(SAMPLES)).toBe(before);
  });

  it.each(["openai-chat-compatible", "openrouter-chat", "deepseek", "google"] as UsageShape[])(
    "of %s are read alike as the last chunk of a stream",
    (shape) => {
      for (const { body } of SAMPLES.filter((sample) => sample.shape === shape)) {
        expect(usageFromStream(shape, [{}, body])).toEqual(usageFromResponse(shape, body));
      }
    },
  );
});

const NOTHING = { cache_write_1h: 0, web_searches: 0 };

function countsOf(usage: ProviderUsage): Record<keyof Counts, number> {
  return {
    input_total: usage.tokensIn,
    cache_read: usage.cachedTokens,
    cache_write: usage.cacheWriteTokens,
    cache_write_1h: usage.cacheWrite1hTokens,
    output_total: usage.tokensOut,
    reasoning: usage.reasoningTokens,
    web_searches: usage.webSearches,
  };
}
