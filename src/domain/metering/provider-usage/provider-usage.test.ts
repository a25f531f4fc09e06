import { describe, expect, it } from "vitest";
import type { BillingError } from "../../../kernel/index.ts";
import { type ProviderUsage, type UsageShape, usageFromResponse } from "./index.ts";

const SHAPES: readonly UsageShape[] = [
  "anthropic",
  "openai-chat",
  "openai-chat-compatible",
  "openai-responses",
  "openrouter-chat",
  "openrouter-responses",
  "google",
  "deepseek",
  "bedrock-converse",
  "ai-sdk",
];
const ZEROS = {
  tokensIn: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  tokensOut: 0,
  reasoningTokens: 0,
  webSearches: 0,
};

describe("usageFromResponse", () => {
  it("tells missing usage from usage of zero", () => {
    const missing = { model: "gpt-4o", ...ZEROS, serviceTier: null, providerCostUsd: null, issues: [] };
    expect(usageFromResponse("openai-chat", { model: "gpt-4o" })).toEqual({
      ...missing,
      usageState: "missing",
    });
    expect(
      usageFromResponse("openai-chat", {
        model: "gpt-4o",
        usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
      }),
    ).toEqual({ ...missing, usageState: "reported" });
  });

  it.each(SHAPES)(
    "finds no usage in an empty %s response, or in one whose usage is null or empty",
    (shape) => {
      for (const body of [{}, { usage: null, usageMetadata: null }, { usage: {}, usageMetadata: {} }]) {
        expect(usageFromResponse(shape, body)).toMatchObject({ ...ZEROS, usageState: "missing" });
      }
    },
  );

  it.each([undefined, null, "OpenAI", "constructor", "__proto__", 7])(
    "refuses the shape %s by name",
    (shape) => {
      const error = errorOf(() => usageFromResponse(shape as UsageShape, {}));
      expect(error).toMatchObject({
        kind: "invalid_input",
        code: "unknown_shape",
        details: { field: "shape" },
      });
    },
  );

  it.each([undefined, null, "{}", 7, [], true])("refuses the body %j", (body) => {
    const error = errorOf(() => usageFromResponse("google", body));
    expect(error).toMatchObject({ kind: "invalid_input", details: { field: "body" } });
  });

  it.each([
    ["anthropic", { usage: { input_tokens: -1 } }, "usage.input_tokens", "negative"],
    ["anthropic", { usage: { input_tokens: 1, output_tokens: 0.5 } }, "usage.output_tokens", "not_whole"],
    [
      "openai-chat",
      { usage: { prompt_tokens: 1, prompt_tokens_details: { cached_tokens: "3" } } },
      "usage.prompt_tokens_details.cached_tokens",
      "invalid_type",
    ],
    ["openai-chat", { usage: { prompt_tokens: Number.NaN } }, "usage.prompt_tokens", "not_whole"],
    ["openai-chat", { usage: { completion_tokens: Infinity } }, "usage.completion_tokens", "not_whole"],
    ["openai-chat", { usage: { completion_tokens: 5n } }, "usage.completion_tokens", "invalid_type"],
    ["openai-chat", { usage: 7 }, "usage", "invalid_type"],
    ["openai-chat", { usage: Promise.resolve({}) }, "usage", "invalid_type"],
    ["openai-responses", { usage: { input_tokens: 1_000_000_001 } }, "usage.input_tokens", "too_large"],
    ["openrouter-chat", { usage: { prompt_tokens: 1, cost: -0.1 } }, "usage.cost", "invalid_amount"],
    ["openrouter-chat", { usage: { prompt_tokens: 1, cost: "1e-7" } }, "usage.cost", "invalid_amount"],
    [
      "google",
      { usageMetadata: { promptTokenCount: true } },
      "usageMetadata.promptTokenCount",
      "invalid_type",
    ],
    ["deepseek", { usage: { prompt_cache_miss_tokens: -3 } }, "usage.prompt_cache_miss_tokens", "negative"],
    [
      "bedrock-converse",
      { usage: { inputTokens: 1, cacheDetails: [{ ttl: "1h", inputTokens: 1.5 }] } },
      "usage.cacheDetails[0].inputTokens",
      "not_whole",
    ],
    [
      "ai-sdk",
      { usage: { inputTokens: 1, inputTokenDetails: { cacheReadTokens: -1 } } },
      "usage.inputTokenDetails.cacheReadTokens",
      "negative",
    ],
  ] as [UsageShape, unknown, string, string][])(
    "refuses a count of %s that is none (case %#)",
    (shape, body, field, code) => {
      expect(errorOf(() => usageFromResponse(shape, body))).toMatchObject({
        kind: "invalid_input",
        code,
        details: { field },
      });
    },
  );

  it("refuses parts that sum to more than one call can have", () => {
    const usage = { input_tokens: 600_000_000, cache_read_input_tokens: 600_000_000, output_tokens: 1 };
    const error = errorOf(() => usageFromResponse("anthropic", { usage }));
    expect(error).toMatchObject({ code: "too_large", details: { field: "tokensIn" } });
  });

  it("does not read what a prototype holds", () => {
    const polluted = Object.assign({}, JSON.parse('{"__proto__":{"usage":{"prompt_tokens":5}}}'));
    expect(usageFromResponse("openai-chat", polluted).usageState).toBe("missing");
    const nested = JSON.parse('{"usage":{"prompt_tokens":5,"__proto__":{"completion_tokens":9}}}');
    expect(usageFromResponse("openai-chat", nested)).toMatchObject({ tokensIn: 5, tokensOut: 0 });
    expect(usageFromResponse("openai-chat", { usage: { constructor: 1, prompt_tokens: 5 } }).tokensIn).toBe(
      5,
    );
  });

  it("reads the getters of an SDK's own class", () => {
    class Answer {
      get model(): string {
        return "gpt-4o";
      }
      get usage(): object {
        return { prompt_tokens: 5, completion_tokens: 2 };
      }
    }
    expect(usageFromResponse("openai-chat", new Answer())).toMatchObject({ model: "gpt-4o", tokensIn: 5 });
  });

  it("reports parts that exceed their whole, and leaves them as they are", () => {
    const usage = read("openai-chat", {
      prompt_tokens: 10,
      prompt_tokens_details: { cached_tokens: 11 },
      completion_tokens: 3,
      completion_tokens_details: { reasoning_tokens: 4 },
      total_tokens: 13,
    });
    expect(usage).toMatchObject({ tokensIn: 10, cachedTokens: 11, tokensOut: 3, reasoningTokens: 4 });
    expect(codes(usage)).toEqual(["cached_exceeds_input", "reasoning_exceeds_output"]);
  });

  it("reports a total that is not the sum, and output without input", () => {
    expect(
      read("openai-chat", { prompt_tokens: 35, completion_tokens: 12, total_tokens: 109 }).issues,
    ).toEqual(["total_mismatch: input 35 and output 12 are not the provider's total, 109"]);
    expect(codes(read("openai-responses", { output_tokens: 12 }))).toEqual(["input_not_reported"]);
  });
});

describe("OpenAI's usage", () => {
  it("has cache reads, cache writes and reasoning inside its totals", () => {
    const body = {
      model: "gpt-5",
      service_tier: "flex",
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
        output_tokens: 50,
        output_tokens_details: { reasoning_tokens: 40 },
        total_tokens: 150,
      },
    };
    expect(usageFromResponse("openai-responses", body)).toEqual({
      ...ZEROS,
      model: "gpt-5",
      tokensIn: 100,
      cachedTokens: 60,
      cacheWriteTokens: 30,
      tokensOut: 50,
      reasoningTokens: 40,
      serviceTier: "flex",
      providerCostUsd: null,
      usageState: "reported",
      issues: [],
    });
  });

  it("has Mistral's cache reads in num_cached_tokens", () => {
    const usage = read("openai-chat", {
      prompt_tokens: 70,
      completion_tokens: 12,
      total_tokens: 82,
      num_cached_tokens: 69,
      prompt_tokens_details: { cached_tokens: 69 },
    });
    expect(usage).toMatchObject({ tokensIn: 70, cachedTokens: 69, issues: [] });
  });

  it("has an issue where two fields for cache reads disagree", () => {
    const usage = read("openai-chat", {
      prompt_tokens: 70,
      num_cached_tokens: 69,
      prompt_tokens_details: { cached_tokens: 0 },
    });
    expect(usage.cachedTokens).toBe(69);
    expect(codes(usage)).toEqual(["fields_disagree"]);
  });

  it("has xAI's reasoning outside the completion where the total says so", () => {
    const usage = read("openai-chat", {
      prompt_tokens: 2640,
      completion_tokens: 182,
      completion_tokens_details: { reasoning_tokens: 672 },
      total_tokens: 3494,
    });
    expect(usage).toMatchObject({ tokensIn: 2640, tokensOut: 854, reasoningTokens: 672, issues: [] });
  });

  it("has reasoning added, with an issue, where it exceeds the output and no total tells", () => {
    const usage = read("openai-chat", {
      prompt_tokens: 5,
      completion_tokens: 10,
      completion_tokens_details: { reasoning_tokens: 20 },
    });
    expect(usage.tokensOut).toBe(30);
    expect(codes(usage)).toEqual(["reasoning_assumed_outside"]);
  });
});

describe("Anthropic's usage", () => {
  it("is three disjoint inputs, summed", () => {
    const usage = read("anthropic", {
      input_tokens: 3,
      cache_creation_input_tokens: 12_304,
      cache_read_input_tokens: 7,
      output_tokens: 550,
      service_tier: "priority",
      server_tool_use: { web_search_requests: 2 },
    });
    expect(usage).toMatchObject({
      tokensIn: 12_314,
      cachedTokens: 7,
      cacheWriteTokens: 12_304,
      cacheWrite1hTokens: 0,
      tokensOut: 550,
      webSearches: 2,
      serviceTier: "priority",
      issues: [],
    });
  });

  it("splits cache writes by their time", () => {
    const cache_creation = { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 50 };
    const whole = { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 150, cache_creation };
    expect(read("anthropic", whole)).toMatchObject({ cacheWriteTokens: 150, cacheWrite1hTokens: 50 });
    const { cache_creation_input_tokens: _, ...splitOnly } = whole;
    expect(read("anthropic", splitOnly)).toMatchObject({ tokensIn: 151, cacheWriteTokens: 150, issues: [] });
  });

  /** @see https://github.com/BerriAI/litellm/issues/42663 */
  it("counts what the split leaves out as 5 minutes, with an issue", () => {
    const usage = read("anthropic", {
      input_tokens: 1,
      output_tokens: 1,
      cache_creation_input_tokens: 184_457,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 31_490 },
    });
    expect(usage).toMatchObject({ cacheWriteTokens: 184_457, cacheWrite1hTokens: 31_490 });
    expect(codes(usage)).toEqual(["cache_write_split_mismatch"]);
  });

  it("reports a split that is more than all writes", () => {
    const usage = read("anthropic", {
      input_tokens: 1,
      output_tokens: 1,
      cache_creation_input_tokens: 10,
      cache_creation: { ephemeral_1h_input_tokens: 20 },
    });
    expect(codes(usage)).toEqual(["cache_write_split_mismatch", "cache_write_1h_exceeds_cache_write"]);
  });

  it("reports the tokens of a compaction, which are not in the totals", () => {
    const usage = read("anthropic", {
      input_tokens: 180,
      output_tokens: 8,
      iterations: [
        { type: "compaction", input_tokens: 100, cache_creation_input_tokens: 55_096, output_tokens: 82 },
        { type: "message", input_tokens: 180, output_tokens: 8 },
      ],
    });
    expect(usage).toMatchObject({ tokensIn: 180, tokensOut: 8 });
    expect(usage.issues).toEqual([
      'iteration_outside_total: 55278 tokens of "compaction" are not in the counts',
    ]);
  });

  it("names fast mode as the tier, since its price is another one", () => {
    const usage = read("anthropic", {
      input_tokens: 1,
      output_tokens: 1,
      service_tier: "standard",
      speed: "fast",
    });
    expect(usage.serviceTier).toBe("fast");
  });
});

describe("Google's usage", () => {
  it("has thoughts outside the candidates and tool prompts outside the prompt", () => {
    const usage = read("google", {
      promptTokenCount: 100,
      toolUsePromptTokenCount: 20,
      cachedContentTokenCount: 60,
      candidatesTokenCount: 30,
      thoughtsTokenCount: 50,
      totalTokenCount: 200,
    });
    expect(usage).toMatchObject({ tokensIn: 120, cachedTokens: 60, tokensOut: 80, reasoningTokens: 50 });
    expect(usage.issues).toEqual([]);
  });

  it("has the Live API's responseTokenCount as its output", () => {
    const usage = read("google", { promptTokenCount: 10, responseTokenCount: 30, totalTokenCount: 40 });
    expect(usage).toMatchObject({ tokensIn: 10, tokensOut: 30, issues: [] });
  });

  it("leaves out zeros, which is no issue", () => {
    expect(read("google", { promptTokenCount: 10, totalTokenCount: 10 })).toMatchObject({
      tokensOut: 0,
      usageState: "reported",
      issues: [],
    });
  });

  it.each([
    ["ON_DEMAND", "standard"],
    ["ON_DEMAND_PRIORITY", "priority"],
    ["ON_DEMAND_FLEX", "flex"],
    ["PROVISIONED_THROUGHPUT", "provisioned_throughput"],
  ])("names Vertex AI's traffic %s as the tier %s", (trafficType, tier) => {
    expect(read("google", { promptTokenCount: 1, trafficType }).serviceTier).toBe(tier);
  });
});

describe("DeepSeek's usage", () => {
  it("is cache hits and misses", () => {
    const counts = { completion_tokens: 61, prompt_cache_hit_tokens: 896, prompt_cache_miss_tokens: 80 };
    const expected = { tokensIn: 976, cachedTokens: 896, tokensOut: 61, issues: [] };
    expect(read("deepseek", { ...counts, prompt_tokens: 976 })).toMatchObject(expected);
    expect(read("deepseek", counts)).toMatchObject(expected);
  });

  it("has an issue where they are not the input", () => {
    const usage = read("deepseek", {
      prompt_tokens: 970,
      prompt_cache_hit_tokens: 896,
      prompt_cache_miss_tokens: 80,
    });
    expect(usage.tokensIn).toBe(970);
    expect(codes(usage)).toEqual(["hit_miss_mismatch"]);
  });
});

describe("OpenRouter's usage", () => {
  it.each([
    [0.000102, "0.000102"],
    [7.75e-6, "0.00000775"],
    [1e-9, "0.000000001"],
    [0, "0"],
    [-0, "0"],
    [0.1, "0.1"],
    [12, "12"],
    ["0.0001234567890123", "0.0001234567890123"],
  ])("writes the cost %s as %s", (cost, text) => {
    expect(read("openrouter-chat", { prompt_tokens: 1, cost }).providerCostUsd).toBe(text);
  });

  it("has the upstream's cost where no cost is given", () => {
    const cost_details = { upstream_inference_cost: 0.0021 };
    expect(read("openrouter-responses", { input_tokens: 1, cost_details }).providerCostUsd).toBe("0.0021");
    expect(read("openrouter-chat", { prompt_tokens: 1 }).providerCostUsd).toBeNull();
  });

  it("says what the model's provider charged to a key of one's own", () => {
    const usage = read("openrouter-chat", {
      prompt_tokens: 1,
      cost: 0.0001,
      is_byok: true,
      cost_details: { upstream_inference_cost: 0.002 },
    });
    expect(usage.providerCostUsd).toBe("0.0001");
    expect(usage.issues).toEqual([
      "own_key: the model's provider charged 0.002 USD to your own key, beside the cost",
    ]);
  });
});

describe("Bedrock's usage", () => {
  it("is three disjoint inputs, summed, with the writes of an hour in its details", () => {
    const usage = read("bedrock-converse", {
      inputTokens: 3,
      cacheReadInputTokens: 1_712,
      cacheWriteInputTokens: 236,
      cacheDetails: [
        { ttl: "5m", inputTokens: 36 },
        { ttl: "1h", inputTokens: 200 },
      ],
      outputTokens: 121,
      totalTokens: 2_072,
    });
    expect(usage).toMatchObject({
      model: null,
      tokensIn: 1_951,
      cachedTokens: 1_712,
      cacheWriteTokens: 236,
      cacheWrite1hTokens: 200,
      tokensOut: 121,
      issues: [],
    });
  });

  it("has an issue where the details are not all writes", () => {
    const usage = read("bedrock-converse", {
      inputTokens: 3,
      cacheWriteInputTokens: 236,
      cacheDetails: [{ ttl: "1h", inputTokens: 200 }],
      outputTokens: 1,
    });
    expect(usage).toMatchObject({ tokensIn: 239, cacheWriteTokens: 236, cacheWrite1hTokens: 200 });
    expect(codes(usage)).toEqual(["cache_write_split_mismatch"]);
  });
});

function read(shape: UsageShape, usage: object): ProviderUsage {
  return usageFromResponse(shape, { [shape === "google" ? "usageMetadata" : "usage"]: usage });
}

function codes(usage: ProviderUsage): string[] {
  return usage.issues.map((issue) => issue.split(":")[0] as string);
}

function errorOf(act: () => unknown): BillingError {
  try {
    act();
  } catch (error) {
    return error as BillingError;
  }
  throw new Error("nothing was thrown");
}
