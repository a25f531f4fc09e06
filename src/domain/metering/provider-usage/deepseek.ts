import { type Fields, sumOf } from "./counts.ts";
import { CHAT, openAiReading, openAiUsagePart } from "./openai.ts";
import { settle } from "./settle.ts";
import type { ProviderUsage } from "./types.ts";

/** Usage of DeepSeek: OpenAI's counts, and the input as cache hits and misses. */
export function deepSeekUsage(body: Fields): ProviderUsage {
  const usage = openAiUsagePart(body, CHAT);
  const reading = openAiReading(body, usage, CHAT);
  const hit = usage?.count("prompt_cache_hit_tokens") ?? null;
  const miss = usage?.count("prompt_cache_miss_tokens") ?? null;
  const sum = sumOf(hit, miss);
  const issues = [...(reading.issues ?? [])];
  if (hit !== null && miss !== null && reading.tokensIn !== null && sum !== reading.tokensIn) {
    issues.push(`hit_miss_mismatch: hits ${hit} and misses ${miss} are not the input, ${reading.tokensIn}`);
  }
  return settle({ ...reading, tokensIn: reading.tokensIn ?? sum, issues });
}
