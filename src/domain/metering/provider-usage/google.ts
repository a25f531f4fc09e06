import { type Fields, sumOf, usagePart } from "./counts.ts";
import { settle } from "./settle.ts";
import type { ProviderUsage } from "./types.ts";

const COUNTS = [
  "promptTokenCount",
  "toolUsePromptTokenCount",
  "candidatesTokenCount",
  "responseTokenCount",
  "thoughtsTokenCount",
];

/** Vertex AI names tiers by traffic. */
const TIER_OF_TRAFFIC: ReadonlyMap<string, string> = new Map([
  ["ON_DEMAND", "standard"],
  ["ON_DEMAND_PRIORITY", "priority"],
  ["ON_DEMAND_FLEX", "flex"],
  ["ON_DEMAND_OFFPEAK", "offpeak"],
]);

/**
 * Usage of Gemini, its Live API included: thoughts are beside the candidates, the prompts of tools beside the prompt,
 * cached content is in the prompt. Google leaves out counts that are 0.
 */
export function googleUsage(body: Fields): ProviderUsage {
  const model = body.text("modelVersion") ?? body.text("model");
  const usage = usagePart(body, "usageMetadata", COUNTS);
  if (usage === null || !usage.hasAny(COUNTS)) return settle({ model, tokensIn: null, tokensOut: null });

  const issues: string[] = [];
  const thoughts = usage.count("thoughtsTokenCount");
  const candidates = usage.count("candidatesTokenCount");
  const response = usage.count("responseTokenCount");
  if (candidates !== null && response !== null && candidates !== response) {
    issues.push(`fields_disagree: candidatesTokenCount ${candidates}, responseTokenCount ${response}`);
  }
  const traffic = usage.text("trafficType");
  return settle({
    model,
    tokensIn: sumOf(usage.count("promptTokenCount"), usage.count("toolUsePromptTokenCount")) ?? 0,
    cachedTokens: usage.count("cachedContentTokenCount") ?? 0,
    tokensOut: sumOf(candidates ?? response, thoughts) ?? 0,
    reasoningTokens: thoughts ?? 0,
    serviceTier: usage.text("serviceTier") ?? (traffic && (TIER_OF_TRAFFIC.get(traffic) ?? traffic)),
    total: usage.count("totalTokenCount"),
    issues,
  });
}
