import { describe, expect, it } from "vitest";
import { type ProviderUsage, usageFromResponse } from "./index.ts";

const V6_CLAUDE = {
  inputTokens: 12_314,
  inputTokenDetails: { noCacheTokens: 3, cacheReadTokens: 7, cacheWriteTokens: 12_304 },
  outputTokens: 550,
  outputTokenDetails: { textTokens: 150, reasoningTokens: 400 },
  totalTokens: 12_864,
};
const COUNTS = { tokensIn: 12_314, cachedTokens: 7, cacheWriteTokens: 12_304, tokensOut: 550 };

describe("the AI SDK's usage, version 6 and 7", () => {
  it("includes cached tokens in its input", () => {
    expect(read({ usage: V6_CLAUDE, response: { modelId: "claude-sonnet-4-5" } })).toEqual({
      ...COUNTS,
      model: "claude-sonnet-4-5",
      cacheWrite1hTokens: 0,
      reasoningTokens: 400,
      webSearches: 0,
      serviceTier: null,
      providerCostUsd: null,
      usageState: "reported",
      issues: [],
    });
  });

  it("says more in raw, which is preferred", () => {
    const raw = {
      input_tokens: 3,
      cache_read_input_tokens: 7,
      cache_creation_input_tokens: 12_304,
      cache_creation: { ephemeral_5m_input_tokens: 304, ephemeral_1h_input_tokens: 12_000 },
      output_tokens: 550,
      server_tool_use: { web_search_requests: 2 },
      service_tier: "batch",
    };
    expect(read({ ...V6_CLAUDE, raw })).toMatchObject({
      ...COUNTS,
      cacheWrite1hTokens: 12_000,
      webSearches: 2,
      serviceTier: "batch",
      issues: [],
    });
  });

  it.each([
    ["OpenAI chat", { prompt_tokens: 10, completion_tokens: 4 }],
    ["OpenAI responses", { input_tokens: 10, output_tokens: 4, input_tokens_details: { cached_tokens: 6 } }],
    ["OpenRouter", { prompt_tokens: 10, completion_tokens: 4, cost: 0.5 }],
    ["DeepSeek", { prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 4, completion_tokens: 4 }],
    ["Google", { promptTokenCount: 10, candidatesTokenCount: 3, thoughtsTokenCount: 1 }],
    ["Bedrock", { inputTokens: 4, cacheReadInputTokens: 6, outputTokens: 4, totalTokens: 14 }],
    ["an unknown provider", { tokens: 99 }],
  ])("tells the raw usage of %s by its fields", (_, raw) => {
    const details = { inputTokenDetails: { cacheReadTokens: 6 }, outputTokenDetails: {} };
    const usage = read({ usage: { inputTokens: 10, outputTokens: 4, ...details, raw } });
    expect(usage).toMatchObject({ tokensIn: 10, tokensOut: 4, issues: [] });
  });

  it("has an issue where raw and the SDK count differently", () => {
    const usage = read({ ...V6_CLAUDE, raw: { input_tokens: 3, output_tokens: 550 } });
    expect(usage.tokensIn).toBe(3);
    expect(codes(usage)).toEqual(["raw_mismatch"]);
  });

  it("has an issue where the parts of the input are not the input", () => {
    const usage = read({ ...V6_CLAUDE, inputTokens: 12_000, totalTokens: 12_550 });
    expect(codes(usage)).toEqual(["input_parts_mismatch", "cached_exceeds_input"]);
  });

  it("is read from what a provider answers, too", () => {
    const usage = {
      inputTokens: { total: 12_314, noCache: 3, cacheRead: 7, cacheWrite: 12_304 },
      outputTokens: { total: 550, text: 150, reasoning: 400 },
    };
    expect(read({ usage })).toMatchObject({ ...COUNTS, reasoningTokens: 400, issues: [] });
  });

  it("is missing where every count is undefined", () => {
    const usage = {
      inputTokens: undefined,
      inputTokenDetails: { noCacheTokens: undefined },
      outputTokens: undefined,
      outputTokenDetails: {},
      totalTokens: undefined,
    };
    expect(read({ usage }).usageState).toBe("missing");
  });
});

describe("the AI SDK's usage, version 5", () => {
  it("includes cached tokens for OpenAI", () => {
    const usage = { inputTokens: 100, cachedInputTokens: 60, outputTokens: 10, totalTokens: 110 };
    expect(read({ usage, response: { modelId: "gpt-4o" } })).toMatchObject({ tokensIn: 100, issues: [] });
  });

  it("excludes them for Anthropic, whose own object is preferred", () => {
    const usage = { inputTokens: 3, cachedInputTokens: 7, outputTokens: 550, totalTokens: 553 };
    const own = {
      input_tokens: 3,
      cache_read_input_tokens: 7,
      cache_creation_input_tokens: 12_304,
      cache_creation: { ephemeral_1h_input_tokens: 12_304, ephemeral_5m_input_tokens: 0 },
      output_tokens: 550,
    };
    const expected = { ...COUNTS, issues: [] };
    expect(read({ usage, providerMetadata: { anthropic: { usage: own } } })).toMatchObject({
      ...expected,
      cacheWrite1hTokens: 12_304,
    });
    const metadata = { anthropic: { cacheCreationInputTokens: 12_304 } };
    expect(read({ usage, providerMetadata: metadata })).toMatchObject(expected);
  });

  it("excludes them where the model is Claude's", () => {
    const usage = { inputTokens: 300, cachedInputTokens: 70, outputTokens: 5, totalTokens: 305 };
    for (const modelId of ["claude-sonnet-4-20250514", "us.anthropic.claude-sonnet-4-20250514-v1:0"]) {
      expect(read({ usage, response: { modelId } })).toMatchObject({ tokensIn: 370, issues: [] });
    }
    expect(read({ usage, response: { modelId: "anthropic/claude-sonnet-4" } }).tokensIn).toBe(300);
  });

  it("excludes them where the total says so", () => {
    const usage = { inputTokens: 300, cachedInputTokens: 70, outputTokens: 5, totalTokens: 375 };
    expect(read({ usage })).toMatchObject({ tokensIn: 370, cachedTokens: 70, issues: [] });
  });

  it("says what was assumed where nothing tells", () => {
    const outside = read({ usage: { inputTokens: 3, cachedInputTokens: 70, outputTokens: 5 } });
    expect(outside.tokensIn).toBe(73);
    expect(codes(outside)).toEqual(["cached_assumed_outside"]);
    const inside = read({ usage: { inputTokens: 300, cachedInputTokens: 70, outputTokens: 5 } });
    expect(inside.tokensIn).toBe(300);
    expect(codes(inside)).toEqual(["cached_assumed_inside"]);
  });

  it("has Google's thoughts outside the output, as the total says", () => {
    const usage = { inputTokens: 10, outputTokens: 3, reasoningTokens: 20, totalTokens: 33 };
    expect(read({ usage })).toMatchObject({ tokensOut: 23, reasoningTokens: 20, issues: [] });
  });
});

describe("an AI SDK result of several steps", () => {
  const step = { usage: V6_CLAUDE, response: { modelId: "claude-sonnet-4-5" } };

  it("is the sum of its steps, not the last one", () => {
    const usage = read({ usage: V6_CLAUDE, steps: [step, step], response: step.response });
    expect(usage).toMatchObject({ model: "claude-sonnet-4-5", tokensIn: 24_628, tokensOut: 1_100 });
  });

  it("is an estimate where a step has no usage", () => {
    const usage = read({ steps: [step, { usage: {} }] });
    expect(usage).toMatchObject({ tokensIn: 12_314, usageState: "estimated" });
    expect(codes(usage)).toEqual(["step_without_usage"]);
  });

  it("is its total usage where the steps are not given", () => {
    const totalUsage = { ...V6_CLAUDE, outputTokens: 650, totalTokens: 12_964 };
    expect(read({ usage: V6_CLAUDE, totalUsage }).tokensOut).toBe(650);
  });

  it("adds what OpenRouter charged, to the last digit", () => {
    const charged = (cost: number) => ({ ...step, providerMetadata: { openrouter: { usage: { cost } } } });
    expect(read({ steps: [charged(0.1), charged(0.2)] }).providerCostUsd).toBe("0.3");
    expect(read({ steps: [charged(0.1), step] }).providerCostUsd).toBeNull();
  });
});

function read(body: object): ProviderUsage {
  return usageFromResponse("ai-sdk", body);
}

function codes(usage: ProviderUsage): string[] {
  return usage.issues.map((issue) => issue.split(":")[0] as string);
}
