import { agreedCount, type Fields, sumOf, usagePart } from "./counts.ts";
import { cacheWrites, settle } from "./settle.ts";
import type { ProviderUsage } from "./types.ts";

/** Usage of Bedrock's Converse API: input, cache reads and cache writes are three disjoint numbers. */
export function bedrockUsage(body: Fields): ProviderUsage {
  const about = {
    model: body.text("model") ?? body.text("modelId"),
    serviceTier: body.hasPart("serviceTier")
      ? (body.part("serviceTier")?.text("type") ?? null)
      : body.text("serviceTier"),
  };
  const usage = usagePart(body, "usage", ["inputTokens", "outputTokens"]);
  if (usage === null) return settle({ ...about, tokensIn: null, tokensOut: null });

  const issues: string[] = [];
  const cached = agreedCount(usage, ["cacheReadInputTokens", "cacheReadInputTokenCount"], null, issues);
  const total = agreedCount(usage, ["cacheWriteInputTokens", "cacheWriteInputTokenCount"], null, issues);
  const details = usage.list("cacheDetails");
  const hour = writtenFor(details, true);
  const reported = usage.hasAny(["cacheWriteInputTokens", "cacheWriteInputTokenCount"]);
  const writes = cacheWrites(reported ? total : null, writtenFor(details, false), hour, issues);
  const input = usage.count("inputTokens");
  return settle({
    ...about,
    tokensIn: sumOf(input, cached > 0 ? cached : null, writes > 0 ? writes : null),
    cachedTokens: cached,
    cacheWriteTokens: writes,
    cacheWrite1hTokens: hour ?? 0,
    tokensOut: usage.count("outputTokens"),
    total: usage.count("totalTokens"),
    issues,
  });
}

function writtenFor(details: readonly Fields[], anHour: boolean): number | null {
  const counts = details.filter((entry) => (entry.text("ttl") === "1h") === anHour);
  return sumOf(...counts.map((entry) => entry.count("inputTokens")));
}
