import { agreedCount, type Fields, usagePart } from "./counts.ts";
import { outputWithReasoning, type Reading, settle } from "./settle.ts";
import type { ProviderUsage } from "./types.ts";

/** Where an API of this family keeps its counts. */
export interface OpenAiNames {
  readonly input: string;
  readonly inputDetails: string;
  readonly output: string;
  readonly outputDetails: string;
}

export const CHAT: OpenAiNames = Object.freeze({
  input: "prompt_tokens",
  inputDetails: "prompt_tokens_details",
  output: "completion_tokens",
  outputDetails: "completion_tokens_details",
});

export const RESPONSES: OpenAiNames = Object.freeze({
  input: "input_tokens",
  inputDetails: "input_tokens_details",
  output: "output_tokens",
  outputDetails: "output_tokens_details",
});

/** Mistral's, DeepSeek's and others' own words for cache reads. */
const CACHED = ["cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens"];

/**
 * Usage of the OpenAI chat completions API, or of a server that speaks it: cache reads and writes are in the input.
 * Reasoning is in the output, or beside it where the total says so (xAI).
 */
export function openAiChatUsage(body: Fields): ProviderUsage {
  return settle(openAiReading(body, openAiUsagePart(body, CHAT), CHAT));
}

/** Usage of the OpenAI responses API: cache reads and writes are in the input, reasoning is in the output. */
export function openAiResponsesUsage(body: Fields): ProviderUsage {
  return settle(openAiReading(body, openAiUsagePart(body, RESPONSES), RESPONSES));
}

/** The usage object of a response of this family. */
export function openAiUsagePart(body: Fields, names: OpenAiNames): Fields | null {
  return usagePart(body, "usage", [names.input, names.output]);
}

/** The counts that this family's dialects share. */
export function openAiReading(body: Fields, usage: Fields | null, names: OpenAiNames): Reading {
  const about = { model: body.text("model"), serviceTier: body.text("service_tier") };
  if (usage === null) return { ...about, tokensIn: null, tokensOut: null };

  const issues: string[] = [];
  const details = usage.part(names.inputDetails);
  const cached = details?.count("cached_tokens") ?? null;
  const reasoningTokens = usage.part(names.outputDetails)?.count("reasoning_tokens") ?? 0;
  const tokensIn = usage.count(names.input);
  const total = usage.count("total_tokens");
  const output = usage.count(names.output);
  return {
    ...about,
    tokensIn,
    cachedTokens: agreedCount(usage, CACHED, cached, issues),
    cacheWriteTokens: details?.count("cache_write_tokens") ?? 0,
    tokensOut: outputWithReasoning(tokensIn, output, reasoningTokens, total, issues),
    reasoningTokens,
    total,
    issues,
  };
}
