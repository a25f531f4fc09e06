import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BillingError } from "../../../kernel/index.ts";
import { type ProviderUsage, type UsageShape, usageFromResponse, usageFromStream } from "./index.ts";

// Small counts, so that sums and totals agree by chance now and then; null and undefined as providers send them.
const count = fc.oneof(
  { weight: 20, arbitrary: fc.nat(6) },
  { weight: 2, arbitrary: fc.constantFrom(null, undefined, 1_000_000_000) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, "3", Number.NaN, 1_000_000_001, {}) },
);

function objectOf(...names: string[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(names.map((name) => [name, count])), { requiredKeys: [] });
}

function within(base: fc.Arbitrary<object>, parts: Record<string, fc.Arbitrary<unknown>>) {
  return fc.tuple(base, fc.record(parts, { requiredKeys: [] })).map(([one, two]) => ({ ...one, ...two }));
}

const chat = within(
  objectOf(
    ...["prompt_tokens", "completion_tokens", "total_tokens", "num_cached_tokens"],
    ...["prompt_cache_hit_tokens", "prompt_cache_miss_tokens"],
  ),
  {
    prompt_tokens_details: objectOf("cached_tokens", "cache_write_tokens"),
    completion_tokens_details: objectOf("reasoning_tokens"),
  },
);
const responses = within(objectOf("input_tokens", "output_tokens", "total_tokens"), {
  input_tokens_details: objectOf("cached_tokens", "cache_write_tokens"),
  output_tokens_details: objectOf("reasoning_tokens"),
});
const anthropic = within(
  objectOf("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
  {
    cache_creation: objectOf("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"),
    output_tokens_details: objectOf("thinking_tokens"),
  },
);
const google = objectOf(
  ...["promptTokenCount", "toolUsePromptTokenCount", "cachedContentTokenCount", "totalTokenCount"],
  ...["candidatesTokenCount", "responseTokenCount", "thoughtsTokenCount"],
);
const bedrock = within(
  objectOf("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens", "totalTokens"),
  {
    cacheDetails: fc.array(fc.record({ ttl: fc.constantFrom("5m", "1h"), inputTokens: fc.nat(6) }), {
      maxLength: 2,
    }),
  },
);
const aiSdk = within(
  objectOf("inputTokens", "outputTokens", "cachedInputTokens", "reasoningTokens", "totalTokens"),
  {
    inputTokenDetails: objectOf("noCacheTokens", "cacheReadTokens", "cacheWriteTokens"),
    outputTokenDetails: objectOf("reasoningTokens"),
    raw: fc.oneof(chat, responses, anthropic, google, bedrock),
  },
);

const BODIES: readonly [UsageShape, fc.Arbitrary<object>][] = [
  ["anthropic", anthropic],
  ["openai-chat", chat],
  ["openai-responses", responses],
  ["openrouter-chat", chat],
  ["openrouter-responses", responses],
  ["google", google],
  ["deepseek", chat],
  ["bedrock-converse", bedrock],
  ["ai-sdk", aiSdk],
];

describe.each(BODIES)("usageFromResponse, for any usage of %s", (shape, usage) => {
  const name = shape === "google" ? "usageMetadata" : "usage";

  it("has parts that exceed no total, or an issue that says so", () => {
    fc.assert(
      fc.property(usage, (counts) => {
        const read = accepted(() => usageFromResponse(shape, { [name]: counts }));
        if (read === null) return;
        for (const value of Object.values(read)) {
          if (typeof value === "number") expect(Number.isInteger(value) && value >= 0).toBe(true);
        }
        const { tokensIn, cachedTokens, cacheWriteTokens, cacheWrite1hTokens } = read;
        const fits =
          cachedTokens + cacheWriteTokens <= tokensIn &&
          cacheWrite1hTokens <= cacheWriteTokens &&
          read.reasoningTokens <= read.tokensOut;
        expect(fits || read.issues.length > 0).toBe(true);
        if (read.usageState === "missing") expect(tokensIn + read.tokensOut).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it("is never reported by a stream that was aborted", () => {
    fc.assert(
      fc.property(fc.array(usage, { maxLength: 3 }), (all) => {
        const chunks = all.map((counts) => ({ [name]: counts, type: "finish" }));
        const read = accepted(() => usageFromStream(shape, chunks, { aborted: true }));
        if (read !== null) expect(read.usageState).not.toBe("reported");
      }),
      { numRuns: 100 },
    );
  });
});

/** Null for what was refused, which must be the caller's input. */
function accepted(act: () => ProviderUsage): ProviderUsage | null {
  try {
    return act();
  } catch (error) {
    expect(error).toBeInstanceOf(BillingError);
    expect((error as BillingError).kind).toBe("invalid_input");
    return null;
  }
}
