import type { Fields } from "./counts.ts";
import { CHAT, type OpenAiNames, openAiReading, openAiUsagePart, RESPONSES } from "./openai.ts";
import { settle } from "./settle.ts";
import type { ProviderUsage } from "./types.ts";

/** Usage of OpenRouter's chat API: OpenAI's counts, and what the call cost. */
export function openRouterChatUsage(body: Fields): ProviderUsage {
  return openRouterUsage(body, CHAT);
}

/** Usage of OpenRouter's responses API: OpenAI's counts, and what the call cost. */
export function openRouterResponsesUsage(body: Fields): ProviderUsage {
  return openRouterUsage(body, RESPONSES);
}

function openRouterUsage(body: Fields, names: OpenAiNames): ProviderUsage {
  const usage = openAiUsagePart(body, names);
  const reading = openAiReading(body, usage, names);
  const cost = usage?.amount("cost") ?? null;
  const upstream = usage?.part("cost_details")?.amount("upstream_inference_cost") ?? null;
  const issues = [...(reading.issues ?? [])];
  if (usage?.value("is_byok") === true && cost !== null && upstream !== null) {
    issues.push(`own_key: the model's provider charged ${upstream} USD to your own key, beside the cost`);
  }
  return settle({
    ...reading,
    webSearches: usage?.part("server_tool_use")?.count("web_search_requests") ?? 0,
    providerCostUsd: cost ?? upstream,
    issues,
  });
}
