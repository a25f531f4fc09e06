import { type Fields, sumOf, usagePart } from "./counts.ts";
import { cacheWrites, settle } from "./settle.ts";
import type { ProviderUsage } from "./types.ts";

/**
 * Usage of the Anthropic Messages API: input, cache reads and cache writes are three disjoint numbers.
 *
 * Fast mode is given as service tier `fast`, as its price is another one.
 */
export function anthropicUsage(body: Fields): ProviderUsage {
  const model = body.text("model");
  const usage = usagePart(body, "usage", ["input_tokens", "output_tokens"]);
  if (usage === null) return settle({ model, tokensIn: null, tokensOut: null });

  const issues: string[] = [];
  const cached = usage.count("cache_read_input_tokens");
  const total = usage.count("cache_creation_input_tokens");
  const split = usage.part("cache_creation");
  const hour = split?.count("ephemeral_1h_input_tokens") ?? null;
  const writes = cacheWrites(total, split?.count("ephemeral_5m_input_tokens") ?? null, hour, issues);
  noteIterations(usage, issues);
  return settle({
    model,
    tokensIn: sumOf(usage.count("input_tokens"), cached, total ?? (writes > 0 ? writes : null)),
    cachedTokens: cached ?? 0,
    cacheWriteTokens: writes,
    cacheWrite1hTokens: hour ?? 0,
    tokensOut: usage.count("output_tokens"),
    reasoningTokens: usage.part("output_tokens_details")?.count("thinking_tokens") ?? 0,
    webSearches: usage.part("server_tool_use")?.count("web_search_requests") ?? 0,
    serviceTier: usage.text("speed") === "fast" ? "fast" : usage.text("service_tier"),
    issues,
  });
}

/** Compactions and advisors are charged, by their own model's price, and are not in the counts beside them. */
function noteIterations(usage: Fields, issues: string[]): void {
  for (const iteration of usage.list("iterations")) {
    const type = iteration.text("type");
    if (type === null || type === "message") continue;
    const tokens = sumOf(
      iteration.count("input_tokens"),
      iteration.count("cache_read_input_tokens"),
      iteration.count("cache_creation_input_tokens"),
      iteration.count("output_tokens"),
    );
    if (tokens === null || tokens === 0) continue;
    issues.push(
      `iteration_outside_total: ${tokens} tokens of ${JSON.stringify(type.slice(0, 80))} are not in the counts`,
    );
  }
}
