// The AI SDK: version 5 passes the provider's input through, exclusive or not; 6 and 7 count all input and keep the
// provider's own object as `raw`, which says more. `inputTokenDetails` tells the versions apart.

import { anthropicUsage } from "./anthropic.ts";
import { bedrockUsage } from "./bedrock.ts";
import { type Fields, sumOf, sumOfAmounts, usagePart } from "./counts.ts";
import { deepSeekUsage } from "./deepseek.ts";
import { googleUsage } from "./google.ts";
import { openAiChatUsage, openAiResponsesUsage } from "./openai.ts";
import { openRouterChatUsage, openRouterResponsesUsage } from "./openrouter.ts";
import { outputWithReasoning, settle } from "./settle.ts";
import type { ProviderUsage } from "./types.ts";

const COUNTS = ["inputTokens", "outputTokens"];
const CLAUDE = /^([a-z]+\.)?(anthropic\.)?claude-/;

/**
 * Usage of a result, a step or a `usage` object of the AI SDK 5, 6 or 7. A result of several steps is their sum.
 */
export function aiSdkUsage(body: Fields): ProviderUsage {
  const steps = Array.isArray(body.value("steps")) ? body.list("steps").map(usageOfCall) : [];
  const reported = steps.filter(({ usageState }) => usageState !== "missing");
  if (reported.length === 0) return usageOfCall(body);
  const sum = sumOfSteps(reported);
  if (reported.length === steps.length) return sum;
  const issue = `step_without_usage: ${steps.length - reported.length} of ${steps.length} steps report no usage`;
  return { ...sum, usageState: "estimated", issues: [...sum.issues, issue] };
}

/** What surrounds the counts: it names the model and holds what the SDK's counts leave out. */
interface Surroundings {
  readonly model: string | null;
  readonly serviceTier: string | null;
  readonly providerCostUsd: string | null;
  readonly metadata: Fields | null;
}

function usageOfCall(body: Fields): ProviderUsage {
  const usage = countsOf(body);
  const metadata = body.part("providerMetadata");
  const surroundings: Surroundings = {
    model: modelOf(body),
    serviceTier: metadata?.part("openai")?.text("serviceTier") ?? null,
    providerCostUsd: metadata?.part("openrouter")?.part("usage")?.amount("cost") ?? null,
    metadata,
  };
  if (usage === null) {
    const { model, serviceTier, providerCostUsd } = surroundings;
    return settle({ model, serviceTier, providerCostUsd, tokensIn: null, tokensOut: null });
  }
  if (usage.hasPart("inputTokens")) return usageOfVersion6(usage, PROVIDER_SPEC, surroundings);
  return usage.hasPart("inputTokenDetails")
    ? usageOfVersion6(usage, RESULT, surroundings)
    : usageOfVersion5(usage, surroundings);
}

/** `usage` is the last step's, `totalUsage` everything's; without the steps the latter is all there is. */
function countsOf(body: Fields): Fields | null {
  const usage = usagePart(body, "usage", COUNTS);
  const total = body.part("totalUsage");
  if (total === null || !total.hasAny(COUNTS)) return usage;
  const same = usage !== null && COUNTS.every((name) => usage.value(name) === total.value(name));
  return same ? usage : total;
}

function modelOf(body: Fields): string | null {
  const response = body.hasPart("response") ? body.part("response") : null;
  return response?.text("modelId") ?? body.text("modelId") ?? body.text("model");
}

/** Where the counts of version 6 stand: in results, and in what providers answer. */
interface Version6Names {
  readonly input: (usage: Fields) => InputCounts;
  readonly output: (usage: Fields) => { readonly all: number | null; readonly reasoning: number | null };
}

interface InputCounts {
  readonly all: number | null;
  readonly uncached: number | null;
  readonly cached: number | null;
  readonly written: number | null;
}

const RESULT: Version6Names = {
  input: (usage) => {
    const details = usage.part("inputTokenDetails");
    return {
      all: usage.count("inputTokens"),
      uncached: details?.count("noCacheTokens") ?? null,
      cached: details?.count("cacheReadTokens") ?? usage.count("cachedInputTokens"),
      written: details?.count("cacheWriteTokens") ?? null,
    };
  },
  output: (usage) => ({
    all: usage.count("outputTokens"),
    reasoning:
      usage.part("outputTokenDetails")?.count("reasoningTokens") ?? usage.count("reasoningTokens") ?? null,
  }),
};

const PROVIDER_SPEC: Version6Names = {
  input: (usage) => {
    const input = usage.part("inputTokens");
    return {
      all: input?.count("total") ?? null,
      uncached: input?.count("noCache") ?? null,
      cached: input?.count("cacheRead") ?? null,
      written: input?.count("cacheWrite") ?? null,
    };
  },
  output: (usage) => {
    const output = usage.part("outputTokens");
    return { all: output?.count("total") ?? null, reasoning: output?.count("reasoning") ?? null };
  },
};

function usageOfVersion6(usage: Fields, names: Version6Names, surroundings: Surroundings): ProviderUsage {
  const { metadata: _, ...about } = surroundings;
  const input = names.input(usage);
  const output = names.output(usage);
  const issues: string[] = [];
  const parts = sumOf(input.uncached, input.cached, input.written);
  if (input.uncached !== null && input.all !== null && parts !== input.all) {
    issues.push(`input_parts_mismatch: the parts sum to ${parts}, the input is ${input.all}`);
  }
  const counted = settle({
    ...about,
    tokensIn: input.all ?? (input.uncached === null ? null : parts),
    cachedTokens: input.cached ?? 0,
    cacheWriteTokens: input.written ?? 0,
    tokensOut: output.all,
    reasoningTokens: output.reasoning ?? 0,
    total: usage.count("totalTokens"),
    issues,
  });
  const raw = usage.hasPart("raw") ? usageOfRaw(usage.part("raw")) : null;
  return raw === null ? counted : preferringRaw(raw, counted);
}

function preferringRaw(raw: ProviderUsage, counted: ProviderUsage): ProviderUsage {
  const differs =
    counted.usageState !== "missing" &&
    (raw.tokensIn !== counted.tokensIn || raw.tokensOut !== counted.tokensOut);
  const issue =
    `raw_mismatch: the provider's ${raw.tokensIn} in, ${raw.tokensOut} out were taken; ` +
    `the SDK counts ${counted.tokensIn} in, ${counted.tokensOut} out`;
  return { ...withSurroundings(raw, counted), issues: differs ? [...raw.issues, issue] : raw.issues };
}

function withSurroundings(raw: ProviderUsage, about: Omit<Surroundings, "metadata">): ProviderUsage {
  return {
    ...raw,
    model: about.model ?? raw.model,
    serviceTier: raw.serviceTier ?? about.serviceTier,
    providerCostUsd: raw.providerCostUsd ?? about.providerCostUsd,
  };
}

/** The provider's own object, told by the fields it has; null for one that nobody here knows. */
function usageOfRaw(raw: Fields | null): ProviderUsage | null {
  const usage = raw === null ? null : (readerOfRaw(raw)?.(raw) ?? null);
  return usage === null || usage.usageState === "missing" ? null : usage;
}

function readerOfRaw(raw: Fields): ((body: Fields) => ProviderUsage) | null {
  if (raw.hasAny(["promptTokenCount", "candidatesTokenCount", "totalTokenCount"])) return googleUsage;
  if (raw.hasAny(["inputTokens", "outputTokens"])) {
    return raw.hasPart("inputTokens") || raw.hasPart("inputTokenDetails") ? null : bedrockUsage;
  }
  const hasCost = raw.hasAny(["cost", "cost_details"]) && !raw.hasPart("cost");
  if (raw.hasAny(["prompt_tokens", "completion_tokens"])) {
    if (hasCost) return openRouterChatUsage;
    return raw.hasAny(["prompt_cache_miss_tokens"]) ? deepSeekUsage : openAiChatUsage;
  }
  if (!raw.hasAny(["input_tokens", "output_tokens"])) return null;
  if (hasCost) return openRouterResponsesUsage;
  return raw.hasAny(["input_tokens_details", "total_tokens"]) ? openAiResponsesUsage : anthropicUsage;
}

function usageOfVersion5(usage: Fields, surroundings: Surroundings): ProviderUsage {
  const { metadata, ...about } = surroundings;
  const input = usage.count("inputTokens");
  const output = usage.count("outputTokens");
  const own = metadata?.part("anthropic")?.part("usage") ?? null;
  if (own !== null && own.count("input_tokens") === input && own.count("output_tokens") === output) {
    const raw = usageOfRaw(own);
    if (raw !== null) return withSurroundings(raw, about);
  }

  const issues: string[] = [];
  const cached = usage.count("cachedInputTokens") ?? 0;
  const written =
    metadata?.part("anthropic")?.count("cacheCreationInputTokens") ??
    metadata?.part("bedrock")?.part("usage")?.count("cacheWriteInputTokens") ??
    0;
  const reasoning = usage.count("reasoningTokens") ?? 0;
  const total = usage.count("totalTokens");
  const exclusive = isExclusive({ input, cached, written, output, reasoning, total }, surroundings, issues);
  const tokensIn = exclusive ? sumOf(input, cached, written) : input;
  const tokensOut = outputWithReasoning(tokensIn, output, reasoning, total, issues);
  // Anthropic's total in version 5 is made of the exclusive input.
  const totalIsExclusive = exclusive && total === (input ?? 0) + (output ?? 0);
  return settle({
    ...about,
    tokensIn: input === null && output === null ? null : tokensIn,
    cachedTokens: cached,
    cacheWriteTokens: written,
    tokensOut,
    reasoningTokens: reasoning,
    total: totalIsExclusive ? null : total,
    issues,
  });
}

interface Version5Counts {
  readonly input: number | null;
  readonly cached: number;
  readonly written: number;
  readonly output: number | null;
  readonly reasoning: number;
  readonly total: number | null;
}

/** Whether the cached tokens of version 5 stand beside its input rather than in it. */
function isExclusive(counts: Version5Counts, { model, metadata }: Surroundings, issues: string[]): boolean {
  const { cached, written, output, reasoning, total } = counts;
  const input = counts.input ?? 0;
  if (cached + written === 0) return false;
  const sum = input + (output ?? 0);
  if (total === sum + cached + written && total !== sum + reasoning) return true;
  if (metadata?.hasAny(["anthropic", "bedrock"]) || (model !== null && CLAUDE.test(model))) return true;
  if (cached + written > input) {
    issues.push(`cached_assumed_outside: cached ${cached} is no part of input ${input}; added to it`);
    return true;
  }
  if (model === null && metadata === null) {
    issues.push(`cached_assumed_inside: nothing tells whether input ${input} includes cached ${cached}`);
  }
  return false;
}

function sumOfSteps(steps: readonly ProviderUsage[]): ProviderUsage {
  const sum = (count: (step: ProviderUsage) => number) =>
    steps.reduce((total, step) => total + count(step), 0);
  const last = steps[steps.length - 1] as ProviderUsage;
  const costs = steps.map(({ providerCostUsd }) => providerCostUsd);
  const settled = settle({
    model: last.model,
    tokensIn: sum((step) => step.tokensIn),
    cachedTokens: sum((step) => step.cachedTokens),
    cacheWriteTokens: sum((step) => step.cacheWriteTokens),
    cacheWrite1hTokens: sum((step) => step.cacheWrite1hTokens),
    tokensOut: sum((step) => step.tokensOut),
    reasoningTokens: sum((step) => step.reasoningTokens),
    webSearches: sum((step) => step.webSearches),
    serviceTier: last.serviceTier,
    providerCostUsd: sumOfAmounts(costs),
  });
  return { ...settled, issues: [...new Set(steps.flatMap(({ issues }) => issues))] };
}
